//! Counters that the application can read at any time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A snapshot of a hub's counters; all of them count from the start of the hub.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Metrics {
    /// Sessions that live now, detached ones included.
    pub sessions: u64,
    /// Bytes that detached sessions hold now.
    pub detached_bytes: u64,
    /// Sessions that were created.
    pub created: u64,
    /// Sessions that were carried again after they had lost their carrier.
    pub resumed: u64,
    /// Sessions that ended, whatever the cause.
    pub ended: u64,
    /// Sessions that ended because detached sessions together held too much.
    pub evicted: u64,
    /// Sessions that ended because a task of theirs panicked.
    pub panicked: u64,
    /// WebSockets that were opened.
    pub sockets: u64,
    /// HTTP exchanges that reached a session.
    pub exchanges: u64,
    /// Requests, sockets and attaches that were refused.
    pub refused: u64,
    /// Messages that applications took out of sessions.
    pub messages_received: u64,
    /// Messages that applications put into sessions.
    pub messages_sent: u64,
}

/// The counters themselves.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) created: AtomicU64,
    pub(crate) resumed: AtomicU64,
    pub(crate) ended: AtomicU64,
    pub(crate) evicted: AtomicU64,
    pub(crate) panicked: AtomicU64,
    pub(crate) sockets: AtomicU64,
    pub(crate) exchanges: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) messages_received: AtomicU64,
    pub(crate) messages_sent: AtomicU64,
}

impl Counters {
    pub(crate) fn snapshot(&self, sessions: usize, detached_bytes: usize) -> Metrics {
        Metrics {
            sessions: sessions as u64,
            detached_bytes: detached_bytes as u64,
            created: self.created.load(Relaxed),
            resumed: self.resumed.load(Relaxed),
            ended: self.ended.load(Relaxed),
            evicted: self.evicted.load(Relaxed),
            panicked: self.panicked.load(Relaxed),
            sockets: self.sockets.load(Relaxed),
            exchanges: self.exchanges.load(Relaxed),
            refused: self.refused.load(Relaxed),
            messages_received: self.messages_received.load(Relaxed),
            messages_sent: self.messages_sent.load(Relaxed),
        }
    }
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
