//! Browsers, driven through WebDriver.

use std::env;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::http;
use crate::process::{Process, handed_over};

/// A kind of browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Browser {
    /// Chromium or Chrome, through chromedriver.
    Chromium,
    /// Firefox, through geckodriver.
    Firefox,
}

impl Browser {
    /// Whether its driver is here; says loudly when a test is skipped for want of it.
    pub fn is_here(self, test: &str) -> bool {
        match self {
            Self::Chromium => true,
            Self::Firefox if env::var_os("GECKODRIVER").is_some() => true,
            Self::Firefox => {
                eprintln!("SKIPPED in Firefox: {test} (no geckodriver was handed over)");
                false
            }
        }
    }

    fn command(self) -> Command {
        match self {
            Self::Chromium => {
                let mut command = Command::new(chromedriver());
                command.arg("--port=0");
                command
            }
            Self::Firefox => {
                let mut command = Command::new(handed_over("GECKODRIVER"));
                command.args(["--port", "0", "--websocket-port", "0"]);
                command
            }
        }
    }

    /// The port in the line in which the driver says that it has started.
    fn port(self, line: &str) -> Option<u16> {
        let tail = match self {
            Self::Chromium => line.split_once("started successfully on port ")?.1,
            Self::Firefox => line.split_once("Listening on 127.0.0.1:")?.1,
        };
        tail.trim_end_matches(|other: char| !other.is_ascii_digit())
            .parse()
            .ok()
    }

    fn capabilities(self) -> serde_json::Map<String, Value> {
        let capabilities = match self {
            Self::Chromium => json!({
                "goog:chromeOptions": { "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                    "--disable-quic", "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync",
                    // Pages for the address bar, which nobody looks at: more than half of the work of a start.
                    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
                    // Several windows are looked at in turn; none of them counts as out of sight.
                    "--disable-background-timer-throttling",
                    "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
                ] },
                "goog:loggingPrefs": { "browser": "ALL" },
            }),
            Self::Firefox => json!({
                "moz:firefoxOptions": {
                    "args": ["-headless"],
                    "prefs": { "app.update.enabled": false, "network.captive-portal-service.enabled": false },
                },
            }),
        };
        match capabilities {
            Value::Object(capabilities) => capabilities,
            _ => serde_json::Map::new(),
        }
    }
}

fn chromedriver() -> PathBuf {
    env::var_os("CHROMEDRIVER").map_or_else(|| PathBuf::from("chromedriver"), PathBuf::from)
}

/// A running browser. Dropping it ends it, and its driver.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) client: Client,
    pub(crate) own: OwnCommands,
    process: Process,
}

/// The commands of one driver that the standard does not have.
#[derive(Clone, Debug)]
pub(crate) struct OwnCommands {
    driver: SocketAddr,
    session: String,
}

impl OwnCommands {
    /// A command of the DevTools protocol to Chromium, in the current window.
    ///
    /// # Panics
    ///
    /// When the driver refuses it.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.post("goog/cdp/execute", body).await
    }

    /// What Chromium has written into its console since this was last asked, network failures included.
    ///
    /// # Panics
    ///
    /// When the driver refuses.
    pub(crate) async fn console(&self) -> Vec<ConsoleLine> {
        let lines = self.post("se/log", json!({ "type": "browser" })).await;
        serde_json::from_value(lines).expect("lines of the console")
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let Self { driver, session } = self;
        let url = format!("http://{driver}/session/{session}/{path}");
        let answer = http::request(Method::POST, &url, body.to_string().into()).await;
        let (status, text) = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(status.is_success(), "{path}: {status}: {text}");
        let mut answer: Value = serde_json::from_str(&text).expect("the driver's answer is JSON");
        answer["value"].take()
    }
}

/// A line of the console.
#[derive(Clone, Debug, Deserialize)]
pub struct ConsoleLine {
    /// `SEVERE`, `WARNING`, `INFO`, `DEBUG`.
    pub level: String,
    /// What it says, with its source.
    pub message: String,
}

impl Running {
    pub(crate) async fn start(browser: Browser) -> Self {
        let (process, port) =
            Process::start(&mut browser.command(), |line| browser.port(line)).await;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(browser.capabilities());
        let client = builder.connect(&format!("http://127.0.0.1:{port}")).await;
        let client = client.unwrap_or_else(|error| {
            panic!("{browser:?} did not start: {error}\n{}", process.output())
        });
        let session = match client.session_id().await {
            Ok(Some(session)) => session,
            other => panic!("the driver of {browser:?} named no session: {other:?}"),
        };
        let own = OwnCommands {
            driver: SocketAddr::from(([127, 0, 0, 1], port)),
            session,
        };
        Self {
            client,
            own,
            process,
        }
    }

    /// The driver's process, which is the ancestor of the browser's; `None` once it has ended.
    pub(crate) fn process_id(&self) -> Option<u32> {
        self.process.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A driver that is killed leaves its browser behind; so the session is ended first, without the runtime,
        // which may be gone.
        if let Err(error) = end_session(&self.own) {
            eprintln!(
                "the browser may still run: {error}\n{}",
                self.process.output()
            );
        }
        // It may have ended by itself, which is as good.
        let _ = self.process.child.start_kill();
    }
}

fn end_session(OwnCommands { driver, session }: &OwnCommands) -> std::io::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let mut connection = TcpStream::connect_timeout(driver, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    write!(
        connection,
        "DELETE /session/{session} HTTP/1.1\r\nHost: {driver}\r\nConnection: close\r\n\r\n"
    )?;
    // The answer comes when the browser is gone; its first bytes are enough.
    connection.read_exact(&mut [0; 12])
}
