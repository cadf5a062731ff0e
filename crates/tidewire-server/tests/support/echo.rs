//! The program `tidewire-echo`, started for a test and killed after it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::raw::{self, Answer};

pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    child: Child,
    out: Option<BufReader<ChildStdout>>,
}

impl Echo {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tidewire-echo"))
            .args(["--listen", "127.0.0.1:0", "--log", "warn"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("start tidewire-echo");
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        Self {
            address: announced(&mut out),
            child,
            out: Some(out),
        }
    }

    /// Waits until it says again where it listens.
    pub(crate) fn announced_again(&mut self) -> SocketAddr {
        announced(self.out.as_mut().expect("its output"))
    }

    /// Reads no more of what it prints.
    pub(crate) fn close_output(&mut self) {
        self.out = None;
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) async fn get(&self, path: &str, headers: &str) -> Answer {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n",
            self.address
        );
        raw::exchange(self.address, request.as_bytes())
            .await
            .expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        raw::exchange(self.address, &raw::post(path, "", body.as_bytes()))
            .await
            .expect("an answer")
    }

    /// Gives an order to misbehave.
    pub(crate) async fn order(&self, order: &str, settings: &str) {
        let answer = self.post(&format!("/faults/{order}"), settings).await;
        assert!(
            matches!(answer.status, 200 | 202 | 204),
            "{order}: {} {}",
            answer.status,
            answer.text()
        );
    }

    /// How often a fault has happened.
    pub(crate) async fn hits(&self, fault: &str) -> u64 {
        let faults: serde_json::Value =
            serde_json::from_slice(&self.get("/faults", "").await.body).expect("JSON");
        let line = faults
            .as_array()
            .expect("a list")
            .iter()
            .find(|line| line["fault"] == fault);
        line.expect("the fault")["hits"].as_u64().expect("a number")
    }

    /// Waits until a fault has happened so often.
    pub(crate) async fn until_hits(&self, fault: &str, hits: u64) {
        let wait = async {
            while self.hits(fault).await < hits {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(raw::PATIENCE, wait).await;
        assert!(waited.is_ok(), "{fault} never happened {hits} times");
    }

    /// What a path answers, as JSON.
    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        let answer = self.get(path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    /// The live list, as JSON.
    pub(crate) async fn connections(&self) -> serde_json::Value {
        let answer = self
            .get("/connections", "Accept: application/json\r\n")
            .await;
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .expect("kill");
        assert!(status.success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("its end")
    }

    pub(crate) fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("its state")
    }
}

fn announced(out: &mut BufReader<ChildStdout>) -> SocketAddr {
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("listening on http://");
    address
        .expect("the promised line")
        .parse()
        .expect("an address")
}

impl Drop for Echo {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
