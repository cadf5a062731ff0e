//! What the gateway counts, in the text form of Prometheus.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use tidewire_server::Metrics as HubMetrics;
use tokio::sync::watch;

/// The counters, from the start of the gateway.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Connections to backends, by what came of the attempt: `opened`, or the name of a failure.
    dials: Mutex<BTreeMap<&'static str, u64>>,
    /// Sessions that ended, by who ended them: `backend`, `browser`, `gateway`, or the name of a failure.
    ends: Mutex<BTreeMap<&'static str, u64>>,
    pub(crate) bridges: Gauge,
    pub(crate) plain: Gauge,
    pub(crate) plain_opened: AtomicU64,
    pub(crate) to_backend: Flow,
    pub(crate) to_browser: Flow,
    pub(crate) plain_to_backend_bytes: AtomicU64,
    pub(crate) plain_to_browser_bytes: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

/// Messages in one direction.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Flow {
    pub(crate) fn count(&self, bytes: usize) {
        self.messages.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }
}

/// How many there are now, for those who wait until there are none.
#[derive(Debug)]
pub(crate) struct Gauge(watch::Sender<u64>);

impl Default for Gauge {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Gauge {
    /// Counts one more until the guard is dropped.
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.0.send_modify(|count| *count += 1);
        Entered(&self.0)
    }

    /// Completes when there is none.
    pub(crate) async fn empty(&self) {
        let mut count = self.0.subscribe();
        // The sender lives in this gauge.
        let _ = count.wait_for(|count| *count == 0).await;
    }

    fn now(&self) -> u64 {
        *self.0.borrow()
    }
}

#[derive(Debug)]
pub(crate) struct Entered<'a>(&'a watch::Sender<u64>);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Adds one to a name; names are those of this program, so there are few.
fn add(table: &Mutex<BTreeMap<&'static str, u64>>, name: &'static str) {
    *table
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(name)
        .or_default() += 1;
}

impl Counters {
    pub(crate) fn dialled(&self, outcome: &'static str) {
        add(&self.dials, outcome);
    }

    pub(crate) fn ended(&self, by: &'static str) {
        add(&self.ends, by);
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        add(&self.refused, reason);
    }

    /// The text for Prometheus, with what the sessions count themselves.
    pub(crate) fn render(&self, hub: &HubMetrics) -> String {
        let mut page = Page(String::new());
        page.one(
            "sessions",
            "gauge",
            "Sessions that live, those whose browser is away included.",
            hub.sessions,
        );
        page.one(
            "sessions_created_total",
            "counter",
            "Sessions that were opened.",
            hub.created,
        );
        page.one(
            "sessions_resumed_total",
            "counter",
            "Times that a browser came back to its session.",
            hub.resumed,
        );
        page.one(
            "sessions_ended_total",
            "counter",
            "Sessions that ended.",
            hub.ended,
        );
        page.one(
            "sessions_evicted_total",
            "counter",
            "Sessions that ended because those away held too much.",
            hub.evicted,
        );
        page.one(
            "away_bytes",
            "gauge",
            "Bytes held for browsers that are away.",
            hub.detached_bytes,
        );
        page.one(
            "websockets_total",
            "counter",
            "WebSockets that carried, or tried to carry, a session.",
            hub.sockets,
        );
        page.one(
            "exchanges_total",
            "counter",
            "HTTP exchanges that reached a session.",
            hub.exchanges,
        );
        page.one(
            "refused_total",
            "counter",
            "Requests, WebSockets and attaches that the sessions refused.",
            hub.refused,
        );
        page.table(
            "requests_refused_total",
            "Requests that the gateway refused, by reason.",
            "reason",
            &self.refused,
        );
        page.table(
            "dials_total",
            "Attempts to reach a backend, by outcome.",
            "outcome",
            &self.dials,
        );
        page.table(
            "bridges_ended_total",
            "Sessions whose backend was reached or tried, by who ended them.",
            "by",
            &self.ends,
        );
        page.one(
            "bridges",
            "gauge",
            "Sessions with a backend's connection, or one that is being opened.",
            self.bridges.now(),
        );
        page.flow(
            "messages_to_backend",
            "Messages of browsers, in sessions",
            &self.to_backend,
        );
        page.flow(
            "messages_to_browser",
            "Messages of backends, in sessions",
            &self.to_browser,
        );
        page.one(
            "plain_websockets",
            "gauge",
            "Plain WebSockets that are open.",
            self.plain.now(),
        );
        page.one(
            "plain_websockets_total",
            "counter",
            "Plain WebSockets that were opened.",
            self.plain_opened.load(Relaxed),
        );
        page.one(
            "plain_to_backend_bytes_total",
            "counter",
            "Bytes of plain WebSockets to backends, frames included.",
            self.plain_to_backend_bytes.load(Relaxed),
        );
        page.one(
            "plain_to_browser_bytes_total",
            "counter",
            "Bytes of plain WebSockets from backends, frames included.",
            self.plain_to_browser_bytes.load(Relaxed),
        );
        page.0
    }
}

/// A page of metrics. Writing to a String cannot fail, so the results are dropped.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &dyn Display) {
        let _ = write!(
            self.0,
            "# HELP tidewire_gateway_{name} {help}\n# TYPE tidewire_gateway_{name} {kind}\n"
        );
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, &help);
        let _ = writeln!(self.0, "tidewire_gateway_{name} {value}");
    }

    fn table(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        table: &Mutex<BTreeMap<&'static str, u64>>,
    ) {
        self.head(name, "counter", &help);
        for (key, value) in table.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = writeln!(
                self.0,
                "tidewire_gateway_{name}{{{label}=\"{key}\"}} {value}"
            );
        }
    }

    fn flow(&mut self, name: &str, help: &str, flow: &Flow) {
        for (suffix, what, value) in [
            ("total", "number", &flow.messages),
            ("bytes_total", "bytes", &flow.bytes),
        ] {
            let name = format!("{name}_{suffix}");
            self.head(&name, "counter", &format_args!("{help}: {what}."));
            let _ = writeln!(self.0, "tidewire_gateway_{name} {}", value.load(Relaxed));
        }
    }
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
