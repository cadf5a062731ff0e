//! Drives the state machine of one session: the only place that calls it.
//!
//! The rule of the loop: each mutation happens under the session's one lock and is followed by a drain of the machine's
//! outputs, either at once or, for what the application sends, at the end of the turn by the session's own task. So
//! what is sent in one turn travels in one packet, and the order of outputs is the order in which they take effect.

mod application;
mod turn;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};
use std::task::Waker;
use std::time::SystemTime;

use tidewire_proto::server::{Opening, SessionAnswer};
use tidewire_proto::{
    CarrierId, Cause, Close, CloseCode, MessageId, Payload, Timestamp, Unconfirmed,
};
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::Span;

use crate::clock::Clock;
use crate::hub::HubInner;
use crate::registry::SessionName;

pub use application::SessionCounts;

/// HTTP exchanges that one session may have open; the machine answers superseded ones long before.
const MAX_EXCHANGES: usize = 16;

/// How a session ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct End {
    /// Why.
    pub cause: Cause,
    /// What was sent and never acknowledged, oldest first.
    pub unconfirmed: Vec<Unconfirmed>,
}

/// What a socket's task is told.
#[derive(Debug)]
pub(crate) enum SocketCommand {
    /// Send the close frame, then end.
    Close(Close),
    /// Send one message, then report that it is written.
    Transmit(Vec<u8>),
}

/// Where outputs for a carrier go.
///
/// The machine has one packet in flight to a socket, and adds a refusal and the close; a socket that does not take even that
/// is let go.
#[derive(Debug)]
pub(crate) enum Outlet {
    Exchange(oneshot::Sender<SessionAnswer>),
    Socket(mpsc::Sender<SocketCommand>),
}

impl Outlet {
    pub(crate) const SOCKET_COMMANDS: usize = 8;
}

/// One session: its machine, and what waits to go in and out.
pub(crate) struct Driver {
    name: SessionName,
    id: u64,
    since: SystemTime,
    /// Names the session by its public id, in whatever task it is driven.
    span: Span,
    clock: Clock,
    hub: Weak<HubInner>,
    /// Something was sent, or the deadline came nearer.
    turn: Notify,
    /// There is room in the outbox, or there never will be: the session has ended.
    capacity: Notify,
    /// The session has ended.
    over: Notify,
    /// Bytes that count towards the hub's cap: those held while no carrier is attached.
    detached_bytes: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    machine: tidewire_proto::Session,
    carriers: BTreeMap<CarrierId, Outlet>,
    /// Messages not yet taken by the application; the machine's receive window bounds them.
    inbox: VecDeque<Payload>,
    reader: Option<Waker>,
    sink: Option<Waker>,
    acknowledged: Option<MessageId>,
    /// Receipts that wait; at most one for each message in the machine's outbox.
    receipts: BTreeMap<MessageId, Waker>,
    end: Option<Arc<End>>,
    /// What a client that comes back later is told.
    farewell: Option<Close>,
    /// Whether it was told already, on what carried the session at its end.
    told: bool,
    /// The first packet of a carrier was taken: an application has seen the session, or will.
    born: bool,
    peer: Option<SocketAddr>,
    attached_once: bool,
    sleeps_until: Option<Timestamp>,
}

impl Driver {
    pub(crate) fn new(
        hub: Weak<HubInner>,
        clock: Clock,
        name: SessionName,
        id: u64,
        machine: tidewire_proto::Session,
    ) -> Self {
        Self {
            name,
            id,
            since: SystemTime::now(),
            span: tracing::info_span!(parent: None, "session", id),
            clock,
            hub,
            turn: Notify::new(),
            capacity: Notify::new(),
            over: Notify::new(),
            detached_bytes: AtomicUsize::new(0),
            state: Mutex::new(State {
                machine,
                carriers: BTreeMap::new(),
                inbox: VecDeque::new(),
                reader: None,
                sink: None,
                acknowledged: None,
                receipts: BTreeMap::new(),
                end: None,
                farewell: None,
                told: false,
                born: false,
                peer: None,
                attached_once: false,
                sleeps_until: None,
            }),
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    pub(crate) fn since(&self) -> SystemTime {
        self.since
    }

    pub(crate) fn name(&self) -> &SessionName {
        &self.name
    }

    /// The session's own task: its timer, and the drain at the end of a turn.
    pub(crate) async fn run(self: Arc<Self>) {
        let driver = RetireAtEnd(self);
        driver.run_turns().await;
    }

    async fn run_turns(&self) {
        loop {
            let alive = self.turn(|state, now| {
                if state
                    .machine
                    .poll_timeout()
                    .is_some_and(|(at, _)| at <= now)
                {
                    state.machine.handle_timeout(now);
                }
            });
            if alive.is_none() {
                return;
            }
            let next = self.rearm();
            let sleep = async {
                match next {
                    Some(at) => tokio::time::sleep_until(self.clock.instant(at)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.turn.notified() => {}
                () = sleep => {}
            }
        }
    }

    fn rearm(&self) -> Option<Timestamp> {
        let mut state = self.lock();
        let next = state.machine.poll_timeout().map(|(at, _)| at);
        state.sleeps_until = next;
        next
    }

    // Facts of the carriers.

    /// Hands a carrier's opening to the machine; a session that has ended in the meantime hands the outlet back.
    pub(crate) fn attach(
        &self,
        carrier: CarrierId,
        opening: &Opening<'_>,
        outlet: Outlet,
        peer: Option<SocketAddr>,
    ) -> Result<(), Outlet> {
        let mut waiting = Some(outlet);
        self.turn(|state, now| {
            let exchanges = state
                .carriers
                .values()
                .filter(|outlet| matches!(outlet, Outlet::Exchange(_)))
                .count();
            if exchanges < MAX_EXCHANGES
                && let Some(outlet) = waiting.take()
            {
                state.carriers.insert(carrier, outlet);
                state.peer = peer.or(state.peer);
                state.born |= state.machine.attach(now, carrier, opening);
            }
        });
        waiting.map_or(Ok(()), Err)
    }

    /// Ends the session if no packet was ever taken, so that nothing will be known of it; tells whether one was.
    ///
    /// The carrier that made a session need not be the first to attach: a faster one of the same client may have overtaken it.
    pub(crate) fn is_born_or_ends(&self, close: &Close) -> bool {
        self.turn(|state, _| {
            if !state.born {
                state.machine.end(close);
            }
        });
        self.is_born()
    }

    /// Whether an application has seen this session, or will.
    pub(crate) fn is_born(&self) -> bool {
        self.lock().born
    }

    pub(crate) fn handle_packet(&self, carrier: CarrierId, packet: &[u8]) {
        self.turn(|state, now| state.machine.handle_packet(now, carrier, packet));
    }

    pub(crate) fn handle_writable(&self, carrier: CarrierId) {
        self.turn(|state, _| state.machine.handle_writable(carrier));
    }

    pub(crate) fn handle_closed(&self, carrier: CarrierId) {
        self.turn(|state, _| {
            state.carriers.remove(&carrier);
            state.machine.handle_closed(carrier);
        });
    }
}

/// Takes the session out of the registry when its task ends, also by a panic.
struct RetireAtEnd(Arc<Driver>);

impl std::ops::Deref for RetireAtEnd {
    type Target = Driver;

    fn deref(&self) -> &Driver {
        &self.0
    }
}

impl Drop for RetireAtEnd {
    fn drop(&mut self) {
        let crashed = Close::new(CloseCode::INTERNAL, "panic: the session failed");
        self.0.end_now(&crashed);
        if let Some(hub) = self.0.hub.upgrade() {
            // After a panic no turn has counted that nothing is held any more.
            hub.detached_changed(self.0.detached_bytes.swap(0, Relaxed), 0);
            hub.retire(&self.0);
        }
    }
}
