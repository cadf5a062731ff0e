//! A running `tidewire-echo`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde_json::Value;
use tidewire_test_page::message::{self, Content, Flow};
use tokio::process::Command;

use crate::http;
use crate::process::{Process, handed_over};

/// A `tidewire-echo` that takes orders to misbehave and serves the test page. It is killed when dropped.
#[derive(Debug)]
pub struct Server {
    process: Process,
    address: SocketAddr,
}

impl Server {
    /// Starts a server on a free port.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts a server at an address.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_at(address: SocketAddr) -> Self {
        Self::serving("TIDEWIRE_TEST_PAGE", address).await
    }

    /// Starts a server on a free port, with the demo page instead of the test page.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_with_demo() -> Self {
        Self::start_with_demo_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts a server at an address, with the demo page instead of the test page.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_with_demo_at(address: SocketAddr) -> Self {
        Self::serving("TIDEWIRE_PAGE", address).await
    }

    /// `page` is the variable in which the page's folder was handed over.
    async fn serving(page: &str, address: SocketAddr) -> Self {
        let mut command = Command::new(handed_over("TIDEWIRE_ECHO"));
        command
            .args(["--listen", &address.to_string(), "--faults", "--page"])
            .arg(handed_over(page));
        let read = |line: &str| {
            line.split_once("listening on http://")?
                .1
                .trim()
                .parse()
                .ok()
        };
        let (process, address) = Process::start(&mut command, read).await;
        Self { process, address }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Orders something at `/faults/NAME`; returns the answer's JSON, if it has any.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn order(&self, name: &str, settings: Value) -> Value {
        let settings = if settings.is_null() {
            String::new()
        } else {
            settings.to_string()
        };
        let path = format!("/faults/{name}");
        let (status, body) = self.request(Method::POST, &path, settings.into()).await;
        assert!(status.is_success(), "{path}: {status}: {body}");
        serde_json::from_str(&body).unwrap_or_default()
    }

    /// How often each fault has happened.
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    pub async fn hits(&self) -> BTreeMap<String, u64> {
        let (_, body) = self.request(Method::GET, "/faults", Bytes::new()).await;
        let faults: Vec<Value> = serde_json::from_str(&body).expect("a list of faults");
        let hits = |fault: Value| {
            let name = fault["fault"].as_str()?.to_owned();
            Some((name, fault["hits"].as_u64()?))
        };
        faults.into_iter().filter_map(hits).collect()
    }

    /// Has the server send message `number` of its own flow to every client.
    ///
    /// # Panics
    ///
    /// When not exactly `clients` clients are reached.
    pub async fn push(&self, number: u32, clients: u64) {
        let body = match message::content(Flow::Push, number) {
            Content::Binary(bytes) => bytes.into(),
            Content::Text(text) => text.into(),
        };
        let (status, body) = self.request(Method::POST, "/broadcast", body).await;
        let reach: Value = serde_json::from_str(&body).unwrap_or_default();
        assert!(
            status.is_success() && reach["reached"] == clients,
            "{status}: {body}"
        );
    }

    /// The JSON of `/connections`.
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    pub async fn connections(&self) -> Value {
        let (_, body) = self
            .request(Method::GET, "/connections", Bytes::new())
            .await;
        serde_json::from_str(&body).expect("a list of connections")
    }

    /// Posts to the session endpoint what no client would, and sees it refused.
    ///
    /// # Panics
    ///
    /// When it is not refused as the client's fault.
    pub async fn reject_rubbish(&self) {
        let rubbish: [&[u8]; 3] = [b"", b"\xff\xff\xff\xff", b"GET / HTTP/1.1"];
        for body in rubbish {
            let body = Bytes::from_static(body);
            let (status, answer) = self.request(Method::POST, "/live", body).await;
            assert!(status.is_client_error(), "{status}: {answer}");
        }
    }

    /// Stops the process where it is (SIGSTOP): its connections stay open, and nobody reads them.
    ///
    /// # Panics
    ///
    /// When the signal cannot be sent.
    #[cfg(unix)]
    pub fn freeze(&self) {
        use nix::sys::signal::{Signal, kill};
        use nix::unistd::Pid;
        let id = self
            .process
            .child
            .id()
            .and_then(|id| i32::try_from(id).ok());
        let id = id.expect("the server runs");
        kill(Pid::from_raw(id), Signal::SIGSTOP).expect("the server can be stopped");
    }

    /// Kills the process (SIGKILL); returns where it had listened.
    ///
    /// # Panics
    ///
    /// When it cannot be killed.
    pub async fn kill(mut self) -> SocketAddr {
        self.process
            .child
            .kill()
            .await
            .expect("the server can be killed");
        self.address
    }

    async fn request(&self, method: Method, path: &str, body: Bytes) -> (StatusCode, String) {
        let answer = http::request(method, &self.url(path), body).await;
        answer.unwrap_or_else(|error| {
            panic!(
                "{path}: the server does not answer: {error}\n{}",
                self.process.output()
            )
        })
    }
}
