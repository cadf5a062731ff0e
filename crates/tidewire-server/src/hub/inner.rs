//! What the sessions of one endpoint share, and how they come and go.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, SystemTime};

use http::request::Parts;
use tidewire_proto::server::Opening;
use tidewire_proto::{CarrierId, Close, CloseCode};
use tokio::sync::{mpsc, watch};
use tracing::Instrument;

use crate::auth::{Credentials, Principal};
use crate::builder::Rules;
use crate::clock::Clock;
use crate::config::HubConfig;
use crate::driver::{Driver, Outlet};
use crate::metrics::{Counters, count};
use crate::registry::{Admitted, Bounds, Grave, Registry, SessionName};
use crate::session::Session;

pub(crate) struct HubInner {
    pub(crate) config: HubConfig,
    pub(crate) rules: Rules,
    pub(crate) counters: Counters,
    clock: Clock,
    pub(super) registry: Registry,
    next_id: AtomicU64,
    next_carrier: AtomicU64,
    pub(super) detached_bytes: AtomicUsize,
    /// Held by whoever evicts, so that ending a session while evicting does not evict again.
    pub(crate) evicting: Mutex<()>,
    pub(super) draining: AtomicBool,
    created: mpsc::Sender<Session>,
    pub(super) accepting: tokio::sync::Mutex<mpsc::Receiver<Session>>,
    pub(crate) stopped: watch::Sender<bool>,
    pub(super) open_sockets: watch::Sender<usize>,
    /// Tells [`Changes`](crate::Changes).
    pub(crate) changed: watch::Sender<()>,
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
                Ok(()) => {
                    if is_new && let Some(place) = place.take() {
                        self.present(&driver, place, visitor, opening);
                    }
                    return Ok(driver);
                }
                Err(back) => {
                    outlet = back;
                    // A faster carrier has brought and ended it: the application hears of what it brought.
                    if is_new
                        && driver.is_born()
                        && let Some(place) = place.take()
                    {
                        self.present(&driver, place, visitor, opening);
                    }
                }
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
        place: mpsc::Permit<'_, Session>,
        visitor: &Visitor,
        opening: &Opening<'_>,
    ) {
        let over = Close::new(CloseCode::EXPIRED, "expired: the session is over");
        if driver.is_born_or_ends(&over) {
            count(&self.counters.created);
            tracing::info!(session = driver.id(), "session created");
            let parts = Arc::clone(&visitor.parts);
            let token = opening.hello.token.clone();
            place.send(Session::new(Arc::clone(driver), parts, token));
        }
    }

    /// Takes a session that has ended out of the registry.
    pub(crate) fn retire(&self, driver: &Driver) {
        if driver.end().is_none() {
            return;
        }
        let over = || Close::new(CloseCode::EXPIRED, "expired: the session is over");
        let grave = driver.is_born().then(|| Grave {
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

/// Where the public names of sessions begin: a restarted server must not give a name again, since a client tells by it
/// whether it is still in the same session. A thousand sessions a millisecond fit, within what JavaScript counts exactly.
fn first_id() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| since.as_millis() as u64 * 1_024)
}

pub(crate) fn draining() -> Close {
    Close::new(
        CloseCode::DRAINING,
        "draining: this server is about to stop",
    )
    .after(Duration::from_secs(1))
}
