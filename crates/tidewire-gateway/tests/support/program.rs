//! The program `tidewire-gateway`, started for a test and killed after it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::raw::PATIENCE;

pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    child: Child,
    out: BufReader<ChildStdout>,
}

/// The program, not started yet.
pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tidewire-gateway"))
}

impl Program {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command()
            .args(["--listen", "127.0.0.1:0", "--log", "warn"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("start tidewire-gateway");
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let line = next_line(&mut out);
        let address = line.trim().strip_prefix("listening on http://");
        Self {
            address: address.expect(&line).parse().expect("an address"),
            child,
            out,
        }
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        next_line(&mut self.out)
    }

    /// Bytes of memory that it has, as Linux counts them.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("its status");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("its size");
        let kibibytes: u64 = line
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .expect("a number");
        kibibytes * 1024
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.expect("kill").success());
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it was started") {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not stop");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn next_line(out: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    out.read_line(&mut line).expect("it prints");
    line
}
