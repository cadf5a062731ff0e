//! A TCP proxy between browser and server that can be told to behave like a bad network.

mod line;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::patience::until;
use crate::tab::millis;
use crate::wire::{FrameCounter, RequestCounter};
use line::{Line, Orders};

/// What a connection is used for, by its first request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// HTTP requests.
    Http,
    /// A WebSocket.
    Socket,
}

/// A direction through the proxy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// From the server to the browser.
    Down,
    /// From the browser to the server.
    Up,
}

/// What happens to WebSocket handshakes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Handshakes {
    /// They are swallowed: no answer, no end.
    BlackHole,
    /// They pass.
    #[default]
    Pass,
    /// Their connection is reset.
    Refuse,
}

/// How the proxy behaves. The default passes everything on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// What happens to new WebSocket handshakes.
    pub handshakes: Handshakes,
    /// How much later everything is passed on.
    pub delay: Duration,
    /// The most bytes that are passed on at once.
    pub slice: Option<usize>,
    /// Bytes, of both directions together, after which a connection is reset.
    pub cut_after: Option<u64>,
    /// How long the server may be silent on an HTTP connection until that is reset, as by a proxy's read time-out.
    pub read_timeout: Option<Duration>,
    /// What the server says on HTTP connections is kept back until it has been silent for so long.
    pub buffer_answers: Option<Duration>,
}

/// Something that happened to a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Happened {
    /// It ended, by either side.
    Closed,
    /// The proxy reset it.
    Cut,
    /// It was passed on to the server.
    Opened,
    /// Its handshake was refused.
    Refused,
    /// Its handshake was swallowed.
    Swallowed,
}

/// An entry of the proxy's log.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Milliseconds since 1970.
    pub at: f64,
    /// The connection's number.
    pub line: u64,
    /// What the connection is used for.
    pub kind: Kind,
    /// What happened to it.
    pub happened: Happened,
}

/// What went through the proxy, over all connections.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Traffic {
    /// WebSocket messages from the browser.
    pub messages_up: u64,
    /// WebSocket messages from the server.
    pub messages_down: u64,
    /// `POST` requests from the browser.
    pub posts: u64,
}

/// A running proxy. Dropping it ends all its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

/// What the proxy and its connections share.
#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    rules: watch::Sender<Rules>,
    log: watch::Sender<Vec<Entry>>,
    lines: Mutex<BTreeMap<u64, LineState>>,
}

#[derive(Debug)]
struct LineState {
    kind: Kind,
    orders: watch::Sender<Orders>,
    up: Meter,
    down: Meter,
    /// Bytes of both directions.
    bytes: u64,
}

/// Counts one direction of a connection.
#[derive(Clone, Debug, Default)]
struct Meter {
    frames: FrameCounter,
    requests: RequestCounter,
}

impl Proxy {
    /// Starts a proxy to `target` on a free port.
    ///
    /// # Panics
    ///
    /// When no port can be had.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            target,
            rules: watch::Sender::default(),
            log: watch::Sender::default(),
            lines: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            _tasks: tasks,
        }
    }

    /// The address of a path of the server, through the proxy.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Behaves like this from now on.
    pub fn set(&self, rules: Rules) {
        self.shared.rules.send_replace(rules);
    }

    /// Makes the open connections of a kind half-open in these directions: not a byte passes, and nobody is told.
    /// Returns how many there are.
    pub fn stall(&self, kind: Kind, directions: &[Direction]) -> usize {
        self.order(kind, |orders| {
            orders.up_stalled |= directions.contains(&Direction::Up);
            orders.down_stalled |= directions.contains(&Direction::Down);
        })
    }

    /// Lets what was stalled flow again.
    pub fn release(&self) {
        for kind in [Kind::Http, Kind::Socket] {
            self.order(kind, |orders| *orders = Orders::default());
        }
    }

    /// Resets the open connections of a kind; returns how many there are.
    pub fn cut(&self, kind: Kind) -> usize {
        self.order(kind, |orders| orders.cut = true)
    }

    /// What went through until now.
    pub fn traffic(&self) -> Traffic {
        let mut traffic = Traffic::default();
        for line in self.shared.lines().values() {
            traffic.messages_up += line.up.frames.messages;
            traffic.messages_down += line.down.frames.messages;
            traffic.posts += line.up.requests.posts;
        }
        traffic
    }

    /// What went through, once nothing more has for longer than an acknowledgement may wait.
    ///
    /// # Panics
    ///
    /// When there is no end to it within 10 s.
    pub async fn settled(&self) -> Traffic {
        const QUIET: Duration = Duration::from_millis(400);
        let last = Cell::new((self.traffic(), Instant::now()));
        let look = async || {
            let traffic = self.traffic();
            let (before, since) = last.get();
            if traffic != before {
                last.set((traffic, Instant::now()));
                return None;
            }
            (since.elapsed() >= QUIET).then_some(traffic)
        };
        let state = || format!("{:?}", last.get().0);
        until("nothing goes through", Duration::from_secs(10), look, state).await
    }

    /// The log until now.
    pub fn log(&self) -> Vec<Entry> {
        self.shared.log.borrow().clone()
    }

    /// How often something happened to connections of a kind.
    pub fn count(&self, kind: Kind, happened: Happened) -> usize {
        count(&self.shared.log.borrow(), kind, happened)
    }

    /// Waits until something has happened to connections of a kind so often.
    ///
    /// # Panics
    ///
    /// When it has not within the limit; tells the log.
    pub async fn until(&self, kind: Kind, happened: Happened, times: usize, limit: Duration) {
        let mut log = self.shared.log.subscribe();
        let wanted = log.wait_for(|log| count(log, kind, happened) >= times);
        let waited = tokio::time::timeout(limit, wanted).await.is_ok();
        let entries = self.log();
        assert!(
            waited,
            "not within {limit:?}: {kind:?} {happened:?} {times} times: {entries:#?}"
        );
    }

    fn order(&self, kind: Kind, change: impl Fn(&mut Orders)) -> usize {
        let lines = self.shared.lines();
        let open = lines
            .values()
            .filter(|line| line.kind == kind && line.orders.receiver_count() > 0);
        open.map(|line| line.orders.send_modify(&change)).count()
    }
}

impl Shared {
    fn note(&self, line: u64, kind: Kind, happened: Happened) {
        let entry = Entry {
            at: millis(),
            line,
            kind,
            happened,
        };
        self.log.send_modify(|log| log.push(entry));
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<u64, LineState>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(log: &[Entry], kind: Kind, happened: Happened) -> usize {
    log.iter()
        .filter(|entry| entry.kind == kind && entry.happened == happened)
        .count()
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((browser, _)) = accepted {
                number += 1;
                connections.spawn(Line::new(number, Arc::clone(&shared)).serve(browser));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
