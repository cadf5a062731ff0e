//! A window of the browser with the test page in it.

use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fantoccini::Client;
use fantoccini::wd::WindowHandle;
use serde_json::{Value, json};
use tidewire_test_page::report::{Options, Report};
use tokio::sync::Mutex;

use crate::patience::until;

/// A window with the test page.
#[derive(Clone, Debug)]
pub struct Tab {
    name: String,
    client: Client,
    window: WindowHandle,
    /// The driver does one thing at a time, in the window that it was turned to.
    turn: Arc<Mutex<()>>,
    last_report: Arc<StdMutex<Option<Report>>>,
}

impl Tab {
    pub(crate) fn new(
        name: String,
        client: Client,
        window: WindowHandle,
        turn: Arc<Mutex<()>>,
    ) -> Self {
        Self {
            name,
            client,
            window,
            turn,
            last_report: Arc::default(),
        }
    }

    /// Loads the test page from a server and waits until it runs; returns how long that took.
    ///
    /// # Panics
    ///
    /// When it does not come within 20 s.
    pub async fn load(&self, url: &str) -> Duration {
        let start = Instant::now();
        self.goto(url).await;
        let is_ready = async || {
            let ready = self.run(
                "return Boolean(window.page) || window.uncaught.length > 0",
                &[],
            );
            (ready.await == json!(true)).then_some(())
        };
        until("the page runs", Duration::from_secs(20), is_ready, || {
            url.to_owned()
        })
        .await;
        start.elapsed()
    }

    /// Loads any page.
    pub(crate) async fn goto(&self, url: &str) {
        let _turn = self.turn().await;
        let loaded = self.client.goto(url).await;
        loaded.unwrap_or_else(|error| panic!("{}: cannot load {url}: {error}", self.name));
    }

    /// Closes the window.
    pub(crate) async fn close(&self) {
        let _turn = self.turn().await;
        let closed = self.client.close_window().await;
        closed.unwrap_or_else(|error| panic!("{}: cannot be closed: {error}", self.name));
    }

    /// A picture of the window as PNG.
    pub(crate) async fn picture(&self) -> Vec<u8> {
        let _turn = self.turn().await;
        let picture = self.client.screenshot().await;
        picture.unwrap_or_else(|error| panic!("{}: no picture: {error}", self.name))
    }

    /// Connects the page's client.
    ///
    /// # Panics
    ///
    /// When the page refuses.
    pub async fn connect(&self, options: &Options) {
        let options = serde_json::to_value(options).expect("options are JSON");
        self.run("page.connect(JSON.stringify(arguments[0]))", &[options])
            .await;
    }

    /// Sends the next messages, all in one turn as far as the outbox has room.
    ///
    /// # Panics
    ///
    /// When the page is not connected.
    pub async fn say(&self, count: u32) {
        self.run("page.say(arguments[0])", &[json!(count)]).await;
    }

    /// Fires an event at the window, as the browser would; returns when, in milliseconds since 1970.
    ///
    /// # Panics
    ///
    /// When the driver fails.
    pub async fn dispatch(&self, event: &str) -> f64 {
        let script = "dispatchEvent(new Event(arguments[0])); return Date.now()";
        self.run(script, &[json!(event)])
            .await
            .as_f64()
            .unwrap_or_default()
    }

    /// What the page knows now.
    ///
    /// # Panics
    ///
    /// When the page is not connected.
    pub async fn report(&self) -> Report {
        let script = "return { ...JSON.parse(page.report()), uncaught: window.uncaught }";
        let report = self.run(script, &[]).await;
        let report: Report = serde_json::from_value(report).expect("a report");
        *self.last() = Some(report.clone());
        report
    }

    /// Waits until the page's report is as wanted, and returns it.
    ///
    /// # Panics
    ///
    /// When it is not within the limit; tells the last report.
    pub async fn until(
        &self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&Report) -> bool,
    ) -> Report {
        let look = async || Some(self.report().await).filter(&wanted);
        until(what, limit, look, || self.story()).await
    }

    /// Runs a script in the page.
    ///
    /// # Panics
    ///
    /// When it throws.
    pub async fn run(&self, script: &str, arguments: &[Value]) -> Value {
        let _turn = self.turn().await;
        let result = self.client.execute(script, arguments.to_vec()).await;
        result
            .unwrap_or_else(|error| panic!("{}: `{script}`: {error}\n{}", self.name, self.story()))
    }

    /// Runs a script that calls its last argument with a result.
    ///
    /// # Panics
    ///
    /// When it throws, or calls nothing in time.
    pub async fn run_async(&self, script: &str, arguments: &[Value]) -> Value {
        let _turn = self.turn().await;
        let result = self.client.execute_async(script, arguments.to_vec()).await;
        result.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The last report, for a failure.
    pub(crate) fn story(&self) -> String {
        const SHOWN_EVENTS: usize = 30;
        match self.last().clone() {
            Some(mut report) => {
                let earlier = report.events.len().saturating_sub(SHOWN_EVENTS);
                report.events.drain(..earlier);
                format!("{}, {earlier} earlier events apart: {report:#?}", self.name)
            }
            None => format!("{}: no report yet", self.name),
        }
    }

    /// Turns the driver to this window, until the answer is dropped.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        let turn = self.turn.lock().await;
        let switched = self.client.switch_to_window(self.window.clone()).await;
        switched.unwrap_or_else(|error| panic!("{}: the window is gone: {error}", self.name));
        turn
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Report>> {
        self.last_report
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time as the page tells it: milliseconds since 1970.
pub fn millis() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs_f64() * 1_000.0
}
