//! The hub: the registry, the routes and the application's end of it all.

mod inner;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tidewire_proto::{Close, CloseCode, Payload};
use tracing::Instrument;

use crate::auth::Principal;
use crate::builder::HubBuilder;
use crate::metrics::Metrics;
use crate::session::{Session, SessionHandle};

pub(crate) use inner::{HubInner, Visitor, draining};

/// Everything that one endpoint's sessions share. Cloning gives another handle to the same hub.
///
/// Give [`router`](Self::router) to axum and take sessions from [`accept`](Self::accept).
#[derive(Clone, Debug)]
pub struct Hub {
    pub(crate) inner: Arc<HubInner>,
}

impl Hub {
    /// Starts to set up a hub.
    pub fn builder() -> HubBuilder {
        HubBuilder::default()
    }

    /// The next session that a client opens; `None` once the hub has shut down.
    ///
    /// A session that was accepted and is dropped is closed.
    pub async fn accept(&self) -> Option<Session> {
        let mut stopped = self.inner.stopped.subscribe();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => None,
            session = async { self.inner.accepting.lock().await.recv().await } => session,
        }
    }

    /// Accepts sessions until the hub shuts down, and runs `handler` for each one in a task of its own.
    ///
    /// A handler that panics ends its own session (1011) and no other.
    pub async fn run<F, T>(&self, handler: F)
    where
        F: Fn(Session) -> T + Send,
        T: Future<Output = ()> + Send + 'static,
    {
        while let Some(session) = self.accept().await {
            let span = session.span();
            tokio::spawn(handler(session).instrument(span));
        }
    }

    /// The sessions that live now, by id.
    pub fn sessions(&self) -> Vec<SessionHandle> {
        let mut sessions: Vec<_> = self
            .inner
            .registry
            .list()
            .into_iter()
            .map(SessionHandle::new)
            .collect();
        sessions.sort_by_key(SessionHandle::id);
        sessions
    }

    /// Sends a message to every session that lives, attached or not, and never waits for a slow one.
    pub fn broadcast(&self, message: impl Into<Payload>) -> Broadcast {
        let message = message.into();
        let mut report = Broadcast::default();
        for driver in self.inner.registry.list() {
            match driver.try_send(message.clone()) {
                Ok(_) => report.sent += 1,
                Err(_) => report.refused += 1,
            }
        }
        report
    }

    /// The counters now.
    pub fn metrics(&self) -> Metrics {
        self.inner.counters.snapshot(
            self.inner.registry.len(),
            self.inner.detached_bytes.load(Relaxed),
        )
    }

    /// Tells every client to move to another server, spread evenly over `spread`, and takes no new sessions from now on.
    ///
    /// It returns at once; sessions stay usable until [`shutdown`](Self::shutdown).
    pub fn drain(&self, spread: Duration) {
        self.inner.draining.store(true, Relaxed);
        let drivers = self.inner.registry.list();
        let count = u32::try_from(drivers.len()).unwrap_or(u32::MAX).max(1);
        for (nth, driver) in (0_u32..).zip(drivers) {
            driver.drain(spread / count * nth);
        }
    }

    /// Ends every session with 4503 and an advised delay, takes no more, and lets [`accept`](Self::accept) end. Clients
    /// that come from now on are answered 503, before a WebSocket is opened.
    ///
    /// It completes when all WebSockets are closed. A peer that says nothing delays that by 3 s, one that does not read
    /// by the write stall timeout, so bound it in time.
    pub async fn shutdown(&self) {
        self.inner.draining.store(true, Relaxed);
        self.end_all(&draining());
        self.inner.stopped.send_replace(true);
        let mut open = self.inner.open_sockets.subscribe();
        // The sender lives in this hub, so the wait ends by the count alone.
        let _ = open.wait_for(|open| *open == 0).await;
    }

    /// Ends every session with this close, and leaves the hub open. Clients that come back are told the same. For code and
    /// reason see [`SessionHandle::close`](crate::SessionHandle::close).
    pub fn end_all(&self, close: &Close) {
        for driver in self.inner.registry.list() {
            driver.end_now(close);
        }
    }

    /// Ends every session of a principal, as after a log-out, and returns how many there were. New attaches are the
    /// authentication hook's business.
    pub fn end_principal(&self, principal: &Principal, close: &Close) -> usize {
        let sessions = self.inner.registry.list().into_iter();
        let theirs = sessions.filter(|driver| driver.name().principal() == Some(principal));
        theirs.map(|driver| driver.end_now(close)).count()
    }

    /// Ends every session and forgets that there were any, as a restart without memory does: clients that come back are
    /// told 4404.
    pub fn forget_all(&self) {
        self.end_all(&Close::new(
            CloseCode::UNKNOWN_SESSION,
            "unknown-session: this server has no such session",
        ));
        self.inner.registry.forget_ended();
    }
}

/// How far a broadcast reached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Broadcast {
    /// Sessions that took the message.
    pub sent: usize,
    /// Sessions that did not: closing, full because their client does not keep up, or with a smaller message limit.
    pub refused: usize,
}
