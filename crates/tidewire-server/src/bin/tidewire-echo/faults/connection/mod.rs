//! Connections that can be reset, frozen or slowed from outside: who gives the orders.

mod stream;

pub(crate) use stream::FaultyListener;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::net::TcpStream;

use super::tap::{AnswerHead, Tap};

/// Frozen connections that are kept after the server has let go of them, so that their clients hear no end.
const MAX_GRAVES: usize = 1_024;

/// All connections that are open, and what is to happen to them.
#[derive(Clone, Default)]
pub(super) struct Connections {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    open: Mutex<BTreeMap<SocketAddr, Arc<Control>>>,
    /// What arrives on a WebSocket is read so much later.
    delay: Mutex<Option<Duration>>,
    /// How often that happened.
    delayed: AtomicU64,
    /// Frozen connections that the server has closed, and why they are frozen.
    graves: Mutex<Vec<(TcpStream, Mood)>>,
}

/// One connection's orders, and what was heard on it.
#[derive(Default)]
struct Control {
    state: Mutex<ControlState>,
    tap: Mutex<Tap>,
}

#[derive(Default)]
struct ControlState {
    /// Requests and sockets of the endpoints that faults are about.
    carried: usize,
    is_socket: bool,
    mood: Mood,
    wakers: Vec<Waker>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Mood {
    #[default]
    Sound,
    Cut,
    /// Half-open.
    Frozen,
    /// Frozen by an outage, at whose end it is reset.
    Lost,
}

impl Mood {
    const fn is_frozen(self) -> bool {
        matches!(self, Self::Frozen | Self::Lost)
    }
}

impl Connections {
    /// Resets the connection of `peer`.
    pub(super) fn cut(&self, peer: SocketAddr) {
        let control = lock(&self.shared.open).get(&peer).cloned();
        if let Some(control) = control {
            control.change(Mood::Cut);
        }
    }

    /// Resets every connection that carries something.
    pub(super) fn cut_all(&self) -> usize {
        self.change_carrying(Mood::Cut)
    }

    /// Makes every connection that carries something half-open: no byte goes in or out, and nobody is told.
    pub(super) fn freeze_all(&self) -> usize {
        self.change_carrying(Mood::Frozen)
    }

    /// Lets the frozen connections go on, and closes those that only their clients still knew.
    pub(super) fn lift(&self) {
        for control in self.controls() {
            if control.mood() == Mood::Frozen {
                control.change(Mood::Sound);
            }
        }
        self.open_graves(Mood::Frozen);
    }

    /// Freezes every connection that carries something until [`reset_lost`](Self::reset_lost).
    pub(super) fn lose_all(&self) -> usize {
        self.change_carrying(Mood::Lost)
    }

    /// Resets the connections that an outage has frozen.
    pub(super) fn reset_lost(&self) {
        for control in self.controls() {
            control.reset_lost();
        }
        self.open_graves(Mood::Lost);
    }

    /// Keeps the head of what `peer` is answered next, and returns that of its request where it was heard.
    pub(super) fn listen_in(&self, peer: SocketAddr, answer: &AnswerHead) -> Option<Vec<u8>> {
        let control = lock(&self.shared.open).get(&peer).cloned()?;
        let mut tap = lock(&control.tap);
        tap.keep_answer(Arc::clone(answer));
        tap.request_head()
    }

    pub(super) fn set_delay(&self, delay: Option<Duration>) {
        *lock(&self.shared.delay) = delay;
    }

    /// How often something was read later on a WebSocket.
    pub(super) fn delayed(&self) -> u64 {
        self.shared.delayed.load(Ordering::Relaxed)
    }

    /// Notes that `peer`'s connection carries something until the guard is dropped.
    pub(super) fn carrying(&self, peer: SocketAddr) -> Carrying {
        let control = lock(&self.shared.open).get(&peer).cloned();
        if let Some(control) = &control {
            lock(&control.state).carried += 1;
        }
        Carrying { control }
    }

    fn change_carrying(&self, mood: Mood) -> usize {
        let controls = self.controls();
        controls
            .iter()
            .filter(|control| control.is_carrying() && control.change(mood))
            .count()
    }

    fn controls(&self) -> Vec<Arc<Control>> {
        lock(&self.shared.open).values().cloned().collect()
    }

    fn bury(&self, stream: TcpStream, mood: Mood) {
        let mut graves = lock(&self.shared.graves);
        if graves.len() < MAX_GRAVES {
            graves.push((stream, mood));
        }
    }

    /// Resets the connections that only their clients still know.
    fn open_graves(&self, mood: Mood) {
        lock(&self.shared.graves).retain(|(stream, other)| {
            let stays = *other != mood;
            if !stays {
                reset(stream);
            }
            stays
        });
    }
}

impl Control {
    /// Follows an order; `false` where an earlier one is stronger.
    fn change(&self, mood: Mood) -> bool {
        let mut state = lock(&self.state);
        let follows = match state.mood {
            Mood::Sound => true,
            Mood::Frozen => matches!(mood, Mood::Cut | Mood::Sound),
            // A reset would get through, too.
            Mood::Cut | Mood::Lost => false,
        };
        if follows {
            state.set(mood);
        }
        follows
    }

    /// Resets the connection if an outage has frozen it.
    fn reset_lost(&self) {
        let mut state = lock(&self.state);
        if state.mood == Mood::Lost {
            state.set(Mood::Cut);
        }
    }

    fn mood(&self) -> Mood {
        lock(&self.state).mood
    }

    fn is_carrying(&self) -> bool {
        lock(&self.state).carried > 0
    }

    fn is_socket(&self) -> bool {
        lock(&self.state).is_socket
    }
}

impl ControlState {
    fn set(&mut self, mood: Mood) {
        self.mood = mood;
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
    }
}

/// Says that a connection carries something.
pub(super) struct Carrying {
    control: Option<Arc<Control>>,
}

impl Carrying {
    /// The connection has become a WebSocket: it carries until it ends.
    pub(super) fn for_good(mut self) {
        if let Some(control) = self.control.take() {
            lock(&control.state).is_socket = true;
        }
    }
}

impl Drop for Carrying {
    fn drop(&mut self) {
        if let Some(control) = &self.control {
            let mut state = lock(&control.state);
            state.carried = state.carried.saturating_sub(1);
        }
    }
}

/// Makes the drop of a connection a reset.
fn reset(stream: &TcpStream) {
    // Without it the client sees an orderly end where a reset is wanted; either way the connection is gone.
    let _ = stream.set_zero_linger();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
