//! The client's own tests, which talk to servers whose addresses are compiled into them.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::counts::Counts;
use super::steps::{count, wasm_test};
use crate::page;
use crate::process::{built_binary, state_dir};
use crate::server::Server;

/// The variable that compiles the addresses of servers into the client's tests.
const TEST_SERVERS: &str = "TIDEWIRE_TEST_SERVERS";

/// A server for each browser: what one is told to do wrong strikes all its clients.
const BROWSERS: [&str; 2] = ["chromium", "firefox"];

/// Servers for tests. They are killed when dropped.
pub(super) struct TestServers(Vec<Server>);

impl TestServers {
    /// Starts them, where possible on the ports of the last run: other addresses would compile all the tests again.
    pub(super) fn start() -> Result<Self> {
        page::build_programs()?;
        BROWSERS
            .into_iter()
            .map(start)
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Tells a process that runs tests where they listen.
    pub(super) fn variable(&self) -> (&'static str, OsString) {
        (TEST_SERVERS, self.addresses().into())
    }

    fn addresses(&self) -> String {
        let addresses: Vec<_> = self.0.iter().map(Server::address).collect();
        addresses.join(",")
    }

    /// Stops them, which are to end as cleanly as any.
    pub(super) fn stop(self) -> Result<()> {
        let mut complaints = Vec::new();
        for (browser, server) in BROWSERS.into_iter().zip(self.0) {
            match server.stop() {
                Ok(status) if status.success() => {}
                Ok(status) => complaints.push(format!("that of {browser} ({status})")),
                Err(error) => complaints.push(format!("that of {browser} ({error:#})")),
            }
        }
        if !complaints.is_empty() {
            bail!("a server did not stop cleanly: {}", complaints.join(", "));
        }
        Ok(())
    }
}

/// Runs the client's tests in one browser, against the servers of all that run beside each other or some of their own.
pub(super) fn in_browser(counts: &mut Counts, variable: &str, driver: &Path) -> Result<()> {
    if let Ok(shared) = env::var(TEST_SERVERS) {
        return test(counts, &shared, variable, driver);
    }
    let own = TestServers::start()?;
    let tested = test(counts, &own.addresses(), variable, driver);
    let stopped = own.stop();
    tested.and(stopped)
}

fn test(counts: &mut Counts, servers: &str, variable: &str, driver: &Path) -> Result<()> {
    let mut command = wasm_test("tidewire", &["--tests"])?;
    command
        .arg("--all-features")
        .env(TEST_SERVERS, servers)
        .env(variable, driver);
    count(counts, &mut command)
}

fn start(browser: &str) -> Result<Server> {
    let remembered = state_dir()?.join(format!("test-port-{browser}"));
    let port = fs::read_to_string(&remembered)
        .ok()
        .and_then(|port| port.trim().parse().ok())
        .filter(|&port: &u16| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .unwrap_or(0);
    let log = state_dir()?.join(format!("echo-{browser}.log"));
    let log = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(built_binary("tidewire-echo")?);
    command
        .args(["--listen", &format!("127.0.0.1:{port}"), "--faults"])
        .stderr(log);
    let server = Server::start(&mut command)?;
    let (_, port) = server
        .address()
        .rsplit_once(':')
        .context("the server's address has no port")?;
    fs::write(&remembered, port)?;
    Ok(server)
}
