//! The live list of the plain WebSockets on `/message`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tidewire_server::Payload;
use tokio::sync::{mpsc, watch};

/// Broadcast messages that wait for one slow socket; more are refused and counted as such.
const QUEUE: usize = 64;

/// All sockets on `/message` that are open now.
#[derive(Clone, Default)]
pub(crate) struct Guests {
    inner: Arc<Inner>,
}

struct Inner {
    next: AtomicU64,
    list: Mutex<BTreeMap<u64, Guest>>,
    /// Somebody came or went.
    changed: watch::Sender<()>,
    closing: watch::Sender<bool>,
    /// Guests whose sockets are open, those that have left the list and say goodbye included.
    here: watch::Sender<usize>,
}

/// A guest whose socket is open.
pub(crate) struct Here(Guests);

impl Drop for Here {
    fn drop(&mut self) {
        self.0
            .inner
            .here
            .send_modify(|here| *here = here.saturating_sub(1));
    }
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            next: AtomicU64::new(1),
            list: Mutex::default(),
            changed: watch::Sender::new(()),
            closing: watch::Sender::new(false),
            here: watch::Sender::new(0),
        }
    }
}

struct Guest {
    peer: SocketAddr,
    since: SystemTime,
    messages: Arc<AtomicU64>,
    queue: mpsc::Sender<Payload>,
}

/// A line of the list.
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) peer: SocketAddr,
    pub(crate) since: SystemTime,
    pub(crate) messages: u64,
}

/// A place in the list; dropping it leaves the list at once.
pub(crate) struct Place {
    id: u64,
    guests: Guests,
    messages: Arc<AtomicU64>,
    pub(crate) broadcasts: mpsc::Receiver<Payload>,
    pub(crate) closing: watch::Receiver<bool>,
    /// The client was asked for a sign of life, and gave none yet.
    pub(crate) is_asked: bool,
}

impl Guests {
    /// Counts a socket as open as long as the guard lives.
    pub(crate) fn arrive(&self) -> Here {
        self.inner.here.send_modify(|here| *here += 1);
        Here(self.clone())
    }

    /// Enters the list.
    pub(crate) fn enter(&self, peer: SocketAddr) -> Place {
        let id = self.inner.next.fetch_add(1, Relaxed);
        let messages = Arc::new(AtomicU64::new(0));
        let (queue, broadcasts) = mpsc::channel(QUEUE);
        let guest = Guest {
            peer,
            since: SystemTime::now(),
            messages: Arc::clone(&messages),
            queue,
        };
        self.lock().insert(id, guest);
        self.inner.changed.send_replace(());
        Place {
            id,
            guests: self.clone(),
            messages,
            broadcasts,
            closing: self.inner.closing.subscribe(),
            is_asked: false,
        }
    }

    /// Hands a message to every guest: how many took it, and how many are too slow.
    pub(crate) fn broadcast(&self, message: &Payload) -> (usize, usize) {
        let list = self.lock();
        let taken = list
            .values()
            .filter(|guest| guest.queue.try_send(message.clone()).is_ok())
            .count();
        (taken, list.len() - taken)
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        let entry = |(id, guest): (&u64, &Guest)| Entry {
            id: *id,
            peer: guest.peer,
            since: guest.since,
            messages: guest.messages.load(Relaxed),
        };
        self.lock().iter().map(entry).collect()
    }

    /// Tells when somebody comes or goes; messages are not told.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.inner.changed.subscribe()
    }

    /// Asks every guest to leave, new ones too, and completes when all have been told and have left.
    pub(crate) async fn send_all_away(&self) {
        let mut all = self.inner.here.subscribe();
        self.inner.closing.send_replace(true);
        // The sender lives in this list, so the wait ends by the count alone.
        let _ = all.wait_for(|here| *here == 0).await;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Guest>> {
        self.inner
            .list
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Counts a message of this guest.
    pub(crate) fn count(&self) {
        self.messages.fetch_add(1, Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.guests.lock().remove(&self.id);
        self.guests.inner.changed.send_replace(());
    }
}
