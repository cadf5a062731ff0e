//! The hub: the registry, the routes and the application's end of it all.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, SystemTime};

use http::request::Parts;
use tidewire_proto::server::Opening;
use tidewire_proto::{CarrierId, Close, CloseCode, Payload};
use tokio::sync::{mpsc, watch};
use tracing::Instrument;

use crate::auth::{Credentials, Principal};
use crate::builder::{HubBuilder, Rules};
use crate::clock::Clock;
use crate::config::HubConfig;
use crate::driver::{Driver, Outlet};
use crate::metrics::{Counters, Metrics, count};

use crate::registry::{Admitted, Bounds, Grave, Registry, SessionName};
use crate::session::{Session, SessionHandle};

/// Everything that one endpoint's sessions share. Cloning gives another handle to the same hub.
///
/// Give [`router`](Self::router) to axum and take sessions from [`accept`](Self::accept).
#[derive(Clone, Debug)]
pub struct Hub {
    pub(crate) inner: Arc<HubInner>,
}

pub(crate) struct HubInner {
    pub(crate) config: HubConfig,
    pub(crate) rules: Rules,
    pub(crate) counters: Counters,
    clock: Clock,
    registry: Registry,
    next_id: AtomicU64,
    next_carrier: AtomicU64,
    detached_bytes: AtomicUsize,
    /// Held by whoever evicts, so that ending a session while evicting does not evict again.
    pub(crate) evicting: Mutex<()>,
    draining: AtomicBool,
    created: mpsc::Sender<Session>,
    accepting: tokio::sync::Mutex<mpsc::Receiver<Session>>,
    pub(crate) stopped: watch::Sender<bool>,
    open_sockets: watch::Sender<usize>,
    /// Tells [`Changes`](crate::Changes).
    pub(crate) changed: watch::Sender<()>,
}

/// Where the public names of sessions begin: a restarted server must not give a name again, since a client tells by it
/// whether it is still in the same session. A thousand sessions a millisecond fit, within what JavaScript counts exactly.
fn first_id() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| since.as_millis() as u64 * 1_024)
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

/// Who stands behind a request.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) parts: Arc<Parts>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) address: Option<IpAddr>,
}

/// Counts one open socket until it is dropped.
pub(crate) struct OpenSocket(Arc<HubInner>);

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0
            .open_sockets
            .send_modify(|open| *open = open.saturating_sub(1));
    }
}

impl HubInner {
    pub(crate) fn new(config: HubConfig, rules: Rules) -> Self {
        let bounds = Bounds {
            sessions: config.max_sessions,
            sessions_per_address: config.max_sessions_per_address,
            tombstones: config.tombstones,
        };
        // As many as there can be sessions, so creating one never waits for the application.
        let (created, accepting) = mpsc::channel(config.max_sessions);
        Self {
            config,
            rules,
            counters: Counters::default(),
            clock: Clock::start(),
            registry: Registry::new(bounds),
            next_id: AtomicU64::new(first_id()),
            next_carrier: AtomicU64::new(1),
            detached_bytes: AtomicUsize::new(0),
            evicting: Mutex::new(()),
            draining: AtomicBool::new(false),
            created,
            accepting: tokio::sync::Mutex::new(accepting),
            stopped: watch::Sender::new(false),
            open_sockets: watch::Sender::new(0),
            changed: watch::Sender::new(()),
        }
    }

    /// Counts a socket as open as long as the guard lives.
    pub(crate) fn open_socket(self: &Arc<Self>) -> OpenSocket {
        self.open_sockets.send_modify(|open| *open += 1);
        OpenSocket(Arc::clone(self))
    }

    pub(crate) fn next_carrier(&self) -> CarrierId {
        CarrierId(self.next_carrier.fetch_add(1, Relaxed))
    }

    /// Asks the application's hook.
    pub(crate) async fn authenticate(
        &self,
        visitor: &Visitor,
        token: &[u8],
    ) -> Result<Option<Principal>, Close> {
        let Some(hook) = &self.rules.authenticate else {
            return Ok(None);
        };
        let credentials = Credentials {
            parts: Arc::clone(&visitor.parts),
            token: token.to_vec(),
            address: visitor.address,
        };
        match tokio::time::timeout(self.config.authenticate_timeout, hook.judge(credentials)).await
        {
            Ok(Ok(principal)) => Ok(Some(principal)),
            Ok(Err(refusal)) => Err(refusal.into_close()),
            Err(_) => Err(Close::new(
                CloseCode::DRAINING,
                "authentication: it took too long",
            )),
        }
    }

    /// Hands an opening to the session that it means, creating that session where it is new.
    pub(crate) fn attach(
        self: &Arc<Self>,
        visitor: &Visitor,
        principal: Option<Principal>,
        carrier: CarrierId,
        opening: &Opening<'_>,
        outlet: Outlet,
    ) -> Result<Arc<Driver>, Close> {
        let name = SessionName::new(opening.hello.key, principal);
        let mut outlet = outlet;
        let mut place = None;
        // A session may end between the lookup and the attach; the second lookup then finds that it ended.
        for _ in 0..2 {
            let admitted = self
                .registry
                .admit(&name, &opening.hello, visitor.address, || {
                    place = Some(self.reserve()?);
                    Ok(self.create(&name, opening))
                })?;
            let (driver, is_new) = match admitted {
                Admitted::Created(driver) => (driver, true),
                Admitted::Known(driver) => (driver, false),
            };
            match driver.attach(carrier, opening, outlet, visitor.peer) {
                Ok(taken) => {
                    if is_new && let Some(place) = place.take() {
                        self.present(&driver, taken, place, visitor, opening);
                    }
                    return Ok(driver);
                }
                Err(back) => outlet = back,
            }
            self.retire(&driver);
        }
        Err(
            Close::new(CloseCode::RATE, "exchanges: too many requests at once")
                .after(Duration::from_secs(1)),
        )
    }

    /// A place for a new session in front of the application.
    fn reserve(&self) -> Result<mpsc::Permit<'_, Session>, Close> {
        if self.draining.load(Relaxed) {
            return Err(draining());
        }
        self.created.try_reserve().map_err(|_| {
            let busy = Close::new(
                CloseCode::DRAINING,
                "busy: the application takes no new sessions",
            );
            busy.after(Duration::from_secs(1))
        })
    }

    fn create(self: &Arc<Self>, name: &SessionName, opening: &Opening<'_>) -> Arc<Driver> {
        let id = self.next_id.fetch_add(1, Relaxed);
        let machine = tidewire_proto::Session::new(
            self.clock.now(),
            self.config.session.clone(),
            id,
            &opening.hello,
        );
        let driver = Arc::new(Driver::new(
            Arc::downgrade(self),
            self.clock,
            name.clone(),
            id,
            machine,
        ));
        tokio::spawn(Arc::clone(&driver).run().instrument(driver.span().clone()));
        driver
    }

    /// Gives a new session to the application, or forgets it where already its first packet was refused: what anybody can send
    /// must not fill the registry.
    fn present(
        &self,
        driver: &Arc<Driver>,
        taken: bool,
        place: mpsc::Permit<'_, Session>,
        visitor: &Visitor,
        opening: &Opening<'_>,
    ) {
        if taken {
            count(&self.counters.created);
            tracing::info!(session = driver.id(), "session created");
            let parts = Arc::clone(&visitor.parts);
            let token = opening.hello.token.clone();
            place.send(Session::new(Arc::clone(driver), parts, token));
        } else {
            driver.end_unborn(&Close::new(
                CloseCode::EXPIRED,
                "expired: the session is over",
            ));
        }
    }

    /// Takes a session that has ended out of the registry.
    pub(crate) fn retire(&self, driver: &Driver) {
        if driver.end().is_none() {
            return;
        }
        let over = || Close::new(CloseCode::EXPIRED, "expired: the session is over");
        let grave = (!driver.is_unborn()).then(|| Grave {
            close: driver.farewell().unwrap_or_else(over),
            told: driver.was_told(),
        });
        let is_known = grave.is_some();
        if self.registry.remove(driver.name(), driver.id(), grave) && is_known {
            count(&self.counters.ended);
            self.changed.send_replace(());
        }
    }

    /// Keeps the sum of what detached sessions hold, and ends the oldest when it is too much.
    pub(crate) fn detached_changed(&self, before: usize, after: usize) {
        if before == after {
            return;
        }
        let mut sum = self
            .detached_bytes
            .fetch_add(after, Relaxed)
            .saturating_add(after);
        sum = self
            .detached_bytes
            .fetch_sub(before, Relaxed)
            .saturating_sub(before)
            .min(sum);
        if sum > self.config.detached_bytes {
            self.evict();
        }
    }

    /// Ends the sessions that were silent the longest until nine tenths of the cap are held, so that a flood of detached
    /// sessions does not pay for a search each.
    fn evict(&self) {
        let _evicting = match self.evicting.try_lock() {
            Ok(evicting) => evicting,
            Err(TryLockError::WouldBlock) => return,
            Err(TryLockError::Poisoned(poisoned)) => {
                // The lock guards no data: a panic of one eviction must not stop all later ones.
                self.evicting.clear_poison();
                poisoned.into_inner()
            }
        };
        let mut detached: Vec<_> = self
            .registry
            .list()
            .into_iter()
            .filter_map(|driver| driver.detached().map(|(since, _)| (since, driver)))
            .collect();
        detached.sort_by_key(|(since, driver)| (*since, driver.id()));
        let target = self.config.detached_bytes / 10 * 9;
        for (_, driver) in detached {
            if self.detached_bytes.load(Relaxed) <= target {
                return;
            }
            count(&self.counters.evicted);
            tracing::warn!(
                session = driver.id(),
                "evicted: detached sessions hold too much"
            );
            driver.end_now(&Close::new(
                CloseCode::EXPIRED,
                "evicted: detached sessions held too much, the oldest had to go",
            ));
        }
    }
}

impl fmt::Debug for HubInner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubInner")
            .field("sessions", &self.registry.len())
            .finish_non_exhaustive()
    }
}

pub(crate) fn draining() -> Close {
    Close::new(
        CloseCode::DRAINING,
        "draining: this server is about to stop",
    )
    .after(Duration::from_secs(1))
}
