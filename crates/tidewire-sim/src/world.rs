//! One run: a tab, a network, a server, and virtual time.

use std::collections::VecDeque;

use crate::exchanges::Exchange;
use crate::host::Host;
use crate::ledger::{Broken, Ledger};
use crate::message::Message;
use crate::plan::Plan;
use crate::plants::Planted;
use crate::queue::{Happening, Queue, Undo};
use crate::random::Random;
use crate::sockets::Socket;
use crate::tab::Tab;
use crate::trace::Trace;
use crate::{Outcome, Settings, Tallies};

/// Happenings after which a run counts as endless.
const MAX_STEPS: u64 = 2_000_000;

/// Everything there is in one run.
#[derive(Debug)]
pub(crate) struct World {
    /// Microseconds since the start of the run.
    pub(crate) now: u64,
    pub(crate) plan: Plan,
    pub(crate) chance: Random,
    pub(crate) queue: Queue,
    pub(crate) trace: Trace,
    pub(crate) ledger: Ledger,
    pub(crate) tabs: Vec<Tab>,
    /// The tab that the user sees.
    pub(crate) active: usize,
    pub(crate) host: Host,
    pub(crate) sockets: Vec<Socket>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) tallies: Tallies,
    pub(crate) healed: bool,
    /// Somebody told the client to wait before it comes back.
    pub(crate) advised: bool,
    /// The application at the server closed a session.
    pub(crate) session_closed: bool,
    /// When the last message was said, or the network healed.
    pub(crate) last_word: u64,
    /// Attempts that were made before the network healed.
    pub(crate) attempts_before: u64,
    pub(crate) heard_at: Option<u64>,
    pub(crate) done: bool,
    /// Messages that the applications have still to say.
    pub(crate) left_up: u32,
    pub(crate) left_down: u32,
    pub(crate) handed_back_down: VecDeque<Message>,
    pub(crate) stamps: u32,
    pub(crate) bug: Planted,
    broken: Option<Broken>,
    steps: u64,
}

impl World {
    pub(crate) fn new(seed: u64, settings: &Settings) -> Self {
        let mut chance = Random::new(seed);
        let plan = Plan::draw(&mut chance);
        let mut trace = Trace::new(settings.readable);
        trace.line(0, || format!("seed {seed} plans {plan:#?}"));
        Self {
            now: 0,
            left_up: plan.up.messages,
            left_down: plan.down.messages,
            plan,
            chance,
            queue: Queue::default(),
            trace,
            ledger: Ledger::with_sabotage(settings.sabotage),
            tabs: Vec::new(),
            active: 0,
            host: Host::new(),
            sockets: Vec::new(),
            exchanges: Vec::new(),
            tallies: Tallies::default(),
            healed: false,
            advised: false,
            session_closed: false,
            last_word: 0,
            attempts_before: 0,
            heard_at: None,
            done: false,
            handed_back_down: VecDeque::new(),
            stamps: 0,
            bug: settings.bug,
            broken: None,
            steps: 0,
        }
    }

    /// Lets everything happen, until all is well or a promise is broken.
    pub(crate) fn run(mut self) -> Outcome {
        self.open_page();
        self.arm_faults();
        self.queue.schedule(self.plan.heal_at, Happening::Heal);
        self.speak_later_up();
        self.speak_later_down();
        while !self.done && self.broken.is_none() {
            let Some((at, happening)) = self.queue.next() else {
                self.breaks("nothing is going to happen any more");
                break;
            };
            self.steps += 1;
            if self.steps > MAX_STEPS {
                self.breaks("the run does not come to an end");
                break;
            }
            self.now = at;
            self.happen(happening);
        }
        Outcome {
            broken: self.broken,
            sabotaged: self.ledger.is_sabotaged(),
            hash: self.trace.hash(),
            virtual_micros: self.now,
            steps: self.steps,
            tallies: self.tallies,
            trace: self.trace.into_lines(),
        }
    }

    fn happen(&mut self, happening: Happening) {
        if let Some(until) = self.held_back(&happening) {
            return self.queue.schedule(until, happening);
        }
        self.trace.number(self.now);
        match happening {
            Happening::Answered {
                exchange,
                status,
                body,
                retry_after,
            } => {
                self.answered(exchange, status, &body, retry_after);
            }
            Happening::ClientSpeaks => self.client_speaks(),
            Happening::ClientTakes { tab } => self.client_takes(tab),
            Happening::ClientWritable { socket } => self.client_writable(socket),
            Happening::Heal => self.heal(),
            Happening::IdleCheck { socket } => self.check_idle(socket),
            Happening::Prepared {
                tab,
                attempt,
                token,
            } => self.prepared(tab, attempt, token),
            Happening::RequestFailed { exchange } => self.request_failed(exchange),
            Happening::RequestForgotten { carrier } => {
                self.request_forgotten(tidewire_proto::CarrierId(carrier));
            }
            Happening::Requested { exchange, copy } => self.requested(exchange, copy),
            Happening::Review => self.review(),
            Happening::ServerCloses { session, carrier } => {
                let carrier = tidewire_proto::CarrierId(carrier);
                self.with_session(session, |machine, _| machine.handle_closed(carrier));
            }
            Happening::ServerSpeaks => self.server_speaks(),
            Happening::ServerTakes { session } => self.server_takes(session),
            Happening::ServerWritable { socket } => self.server_writable(socket),
            Happening::SessionTimer { session, at } => self.session_timer(session, at),
            Happening::SocketClosed { socket, close } => self.socket_closed(socket, &close),
            Happening::SocketDelivers { socket, packet } => self.socket_delivers(socket, packet),
            Happening::SocketLeft { socket } => self.socket_left(socket),
            Happening::SocketOpens { socket } => self.socket_opens(socket),
            Happening::SocketSays { socket, packet } => self.socket_says(socket, &packet),
            Happening::Strike(fault) => self.strike(fault),
            Happening::TabOpens => self.reopen(),
            Happening::TabTimer { tab, at } => self.tab_timer(tab, at),
            Happening::Undo(undo) => self.undo(undo),
        }
    }

    /// Until when a happening waits, because whom it concerns stands still.
    ///
    /// These moments are odd and messages of a socket arrive at even ones, so what waited is not overtaken.
    fn held_back(&self, happening: &Happening) -> Option<u64> {
        let tab = match happening {
            Happening::Answered { exchange, .. } | Happening::RequestFailed { exchange } => {
                Some(self.exchanges[*exchange].tab)
            }
            Happening::ClientTakes { tab }
            | Happening::Prepared { tab, .. }
            | Happening::TabTimer { tab, .. }
            | Happening::Undo(
                Undo::Hidden { tab } | Undo::Offline { tab } | Undo::Resume { tab },
            ) => Some(*tab),
            Happening::ClientWritable { socket }
            | Happening::SocketClosed { socket, .. }
            | Happening::SocketDelivers { socket, .. }
            | Happening::SocketOpens { socket } => Some(self.sockets[*socket].tab),
            Happening::ClientSpeaks => Some(self.active),
            _ => None,
        };
        let until = match (tab, happening) {
            (Some(tab), _) => self.tabs[tab].frozen_until,
            (
                None,
                Happening::ServerSpeaks
                | Happening::ServerTakes { .. }
                | Happening::SessionTimer { .. },
            ) => self.host.stopped_until,
            (
                None,
                Happening::RequestForgotten { .. }
                | Happening::Requested { .. }
                | Happening::ServerWritable { .. }
                | Happening::SocketLeft { .. }
                | Happening::SocketSays { .. },
            ) if self.host.is_up => self.host.stopped_until,
            (None, _) => 0,
        };
        (until > self.now).then_some(until)
    }

    /// The page is opened again after it was closed or left.
    fn reopen(&mut self) {
        if self.tabs[self.active].is_gone() {
            self.tabs[self.active].dropped = true;
            self.open_page();
            self.queue.schedule(self.now, Happening::ClientSpeaks);
            if self.tabs.len() > 1 {
                self.last_word = self.now;
            }
        }
    }

    pub(crate) fn judge(&mut self, verdict: Result<(), Broken>) {
        if let Err(broken) = verdict {
            self.breaks(&broken);
        }
    }

    /// A promise was not kept. The first one counts; what follows may be its consequence.
    pub(crate) fn breaks(&mut self, promise: &str) {
        self.trace.line(self.now, || format!("BROKEN {promise}"));
        if self.broken.is_none() {
            self.broken = Some(promise.into());
        }
    }
}
