//! The simulated browser tab: a client machine, its driver, and the page's troubles with time.

mod timer;

use std::collections::VecDeque;

use tidewire_proto::server::{CarrierKind, read_opening};
use tidewire_proto::{
    Client, Event, Limits, Output, PageEvent, SessionKey, SessionNumber, State, Timestamp,
};

use crate::host::MAX_OUTPUTS;
use crate::message::Message;
use crate::plan::SECOND;
use crate::queue::Happening;
use crate::world::World;

/// Most WebSockets that a client may have at once: the one in use and a probe.
const MAX_SOCKETS: usize = 2;

/// Most requests that a client may wait for at once: a poll, a send, and one of the attach before.
const MAX_REQUESTS: usize = 4;

/// One client handle and the page around it.
#[derive(Debug)]
pub(crate) struct Tab {
    pub(crate) client: Client,
    pub(crate) closed: bool,
    /// The handle was dropped: nothing reaches it any more.
    pub(crate) dropped: bool,
    pub(crate) clock_gained: u64,
    pub(crate) clock_lost: u64,
    pub(crate) hidden_since: Option<u64>,
    pub(crate) frozen_until: u64,
    pub(crate) offline: bool,
    pub(crate) hold_permitted: bool,
    /// Messages given to the application and not yet taken, by session.
    given: VecDeque<SessionNumber>,
    /// What `send` handed back and the application wants to send again.
    pub(crate) handed_back: VecDeque<Message>,
    has_room: bool,
    armed: Option<u64>,
    /// The deadline that the machine last asked for.
    asked: Option<Timestamp>,
    spin: (u64, u32),
    storm: (u64, u32),
    attempt: u32,
    /// WebSockets that are not closed.
    pub(crate) open_sockets: usize,
    /// Requests whose answer is awaited.
    pub(crate) waiting: usize,
}

impl Tab {
    /// What the tab's clock shows.
    pub(crate) fn time(&self, now: u64) -> Timestamp {
        Timestamp::from_micros(now + self.clock_gained - self.clock_lost)
    }

    pub(crate) const fn is_gone(&self) -> bool {
        self.closed || self.dropped
    }
}

impl World {
    /// The page opens and connects.
    pub(crate) fn open_page(&mut self) {
        self.active = self.tabs.len();
        self.open_tab(None);
    }

    pub(crate) fn open_tab(&mut self, key: Option<SessionKey>) {
        let mut draws = self.chance.fork();
        let entropy = Box::new(move || draws.next());
        let config = self.plan.client.clone();
        let client = match key {
            Some(key) => Client::with_key(config, entropy, key),
            None => Client::new(config, entropy),
        };
        let client = match client {
            Ok(client) => client,
            Err(error) => return self.breaks(&format!("the plan's settings are refused: {error}")),
        };
        self.ledger.open_tab(key.is_some());
        let permitted = self.plan.hold_permit;
        self.tabs.push(Tab {
            client,
            closed: false,
            dropped: false,
            clock_gained: 0,
            clock_lost: 0,
            hidden_since: None,
            frozen_until: 0,
            offline: false,
            hold_permitted: true,
            given: VecDeque::new(),
            handed_back: VecDeque::new(),
            has_room: false,
            armed: None,
            asked: None,
            spin: (0, 0),
            storm: (0, 0),
            attempt: 0,
            open_sockets: 0,
            waiting: 0,
        });
        let tab = self.tabs.len() - 1;
        let bug = self.bug;
        crate::plants::plant_client(&mut self.tabs[tab].client, bug);
        if !permitted {
            self.permit(tab, false);
        }
        self.tell_tab(tab, |client, now| client.connect(now));
    }

    /// Gives the machine a command or a fact, then does what a driver does after it.
    pub(crate) fn tell_tab(&mut self, tab: usize, act: impl FnOnce(&mut Client, Timestamp)) {
        if self.tabs[tab].dropped {
            return;
        }
        let now = self.tabs[tab].time(self.now);
        act(&mut self.tabs[tab].client, now);
        self.settle(tab);
    }

    /// The one rule of the loop: drain the outputs, then arm one timer.
    pub(crate) fn settle(&mut self, tab: usize) {
        let now = self.tabs[tab].time(self.now);
        let mut outputs = 0;
        while let Some(output) = self.tabs[tab].client.poll_output(now) {
            outputs += 1;
            if outputs > MAX_OUTPUTS {
                return self.breaks("a client gives outputs without an end");
            }
            self.perform(tab, output);
        }
        self.rearm(tab);
        self.check_tab(tab);
        if std::mem::take(&mut self.tabs[tab].has_room) {
            self.queue.schedule(self.now, Happening::ClientSpeaks);
        }
    }

    fn perform(&mut self, tab: usize, output: Output) {
        match output {
            Output::Abort { carrier } => {
                self.trace
                    .line(self.now, || format!("tab {tab} aborts {}", carrier.0));
                self.abort(tab, carrier);
            }
            Output::CloseSocket { carrier, close } => {
                self.trace.line(self.now, || {
                    format!("tab {tab} closes socket {} {close:?}", carrier.0)
                });
                self.close_socket(tab, carrier);
            }
            Output::Event(event) => self.tab_hears(tab, &event),
            Output::OpenSocket { carrier } => {
                self.trace
                    .line(self.now, || format!("tab {tab} opens socket {}", carrier.0));
                self.open_socket(tab, carrier);
            }
            Output::Prepare { reauthenticate } => {
                self.trace.line(self.now, || {
                    format!("tab {tab} prepares, again: {reauthenticate}")
                });
                self.prepare(tab);
            }
            Output::Request {
                carrier,
                body,
                held,
            } => {
                self.trace.bytes(&body);
                self.trace.line(self.now, || {
                    format!(
                        "tab {tab} -> request {} held {held} {}",
                        carrier.0,
                        crate::wire::describe(&body)
                    )
                });
                self.request(tab, Some(carrier), body);
            }
            Output::Transmit { carrier, message } => {
                self.trace.bytes(message.as_bytes());
                self.trace.line(self.now, || {
                    format!(
                        "tab {tab} -> socket {} {}",
                        carrier.0,
                        crate::wire::describe(message.as_bytes())
                    )
                });
                self.transmit_up(tab, carrier, message);
            }
        }
    }

    fn tab_hears(&mut self, tab: usize, event: &Event) {
        self.trace.line(self.now, || {
            format!("tab {tab} says {}", crate::wire::client_summary(event))
        });
        let verdict = self.ledger.client_event(tab, event);
        self.judge(verdict);
        match event {
            Event::Capacity => self.tabs[tab].has_room = true,
            Event::Closed { .. } => {
                self.tabs[tab].closed = true;
                self.tallies.closed += 1;
                let at = self.now + self.chance.below(SECOND);
                self.queue.schedule(at, Happening::TabOpens);
            }
            Event::Connected { transport, .. } => self.tallies.connected[*transport as usize] += 1,
            Event::Lost { .. } => self.tallies.lost += 1,
            Event::Message { session, .. } => {
                self.tallies.delivered += 1;
                let given = &mut self.tabs[tab].given;
                given.push_back(*session);
                if given.len() == 1 {
                    let at = self.now + self.chance.below(self.plan.down.listening + 1);
                    self.queue.schedule(at, Happening::ClientTakes { tab });
                }
            }
            Event::TransportChanged { .. } => self.tallies.switches += 1,
            _ => {}
        }
    }

    /// The application takes messages that it was given.
    pub(crate) fn client_takes(&mut self, tab: usize) {
        let given = self.tabs[tab].given.len() as u64;
        if given == 0 || self.tabs[tab].dropped {
            return;
        }
        let taken = self.chance.between(1, given);
        for _ in 0..taken {
            if let Some(session) = self.tabs[tab].given.pop_front() {
                self.ledger.client_took(tab, session);
                let now = self.tabs[tab].time(self.now);
                self.tabs[tab].client.consumed(now, session, 1);
            }
        }
        if !self.tabs[tab].given.is_empty() {
            let at = self.now + 1 + self.chance.below(self.plan.down.listening + 1);
            self.queue.schedule(at, Happening::ClientTakes { tab });
        }
        self.settle(tab);
    }

    fn prepare(&mut self, tab: usize) {
        self.tallies.attempts += 1;
        self.tabs[tab].attempt += 1;
        let attempt = self.tabs[tab].attempt;
        let provider = self.plan.provider;
        if self.chance.permille(provider.hangs) {
            return;
        }
        let token = if self.chance.permille(provider.fails) {
            Err("the provider has no answer".into())
        } else {
            Ok(Vec::new())
        };
        let at = self.now + self.chance.below(provider.delay + 1);
        self.queue.schedule(
            at,
            Happening::Prepared {
                tab,
                attempt,
                token,
            },
        );
    }

    pub(crate) fn prepared(&mut self, tab: usize, attempt: u32, token: Result<Vec<u8>, String>) {
        if self.tabs[tab].attempt == attempt {
            self.tell_tab(tab, |client, now| client.handle_prepared(now, token));
        }
    }

    /// Notes what a client tells the server about itself; the judge needs the key.
    pub(crate) fn observe_hello(&mut self, tab: usize, packet: &[u8]) {
        let kinds = [CarrierKind::Socket, CarrierKind::Exchange];
        if let Some(opening) = kinds
            .iter()
            .find_map(|kind| read_opening(packet, *kind).ok())
        {
            let verdict = self.ledger.hello(tab, &opening.hello);
            self.judge(verdict);
        }
    }

    pub(crate) fn page_event(&mut self, tab: usize, event: PageEvent) {
        self.trace.number(event as u64);
        self.trace
            .line(self.now, || format!("tab {tab} <- page {event:?}"));
        self.tell_tab(tab, |client, now| client.handle_page(now, event));
    }

    pub(crate) fn permit(&mut self, tab: usize, permitted: bool) {
        self.tabs[tab].hold_permitted = permitted;
        self.trace.line(self.now, || {
            format!("tab {tab} <- hold permitted: {permitted}")
        });
        self.tell_tab(tab, |client, now| client.handle_hold_permit(now, permitted));
    }

    /// What must hold of a client at any moment.
    fn check_tab(&mut self, tab: usize) {
        let Tab {
            open_sockets: open,
            waiting,
            ..
        } = self.tabs[tab];
        let stats = self.tabs[tab].client.stats();
        let closed = self.tabs[tab].closed;
        let bound = self.plan.client.limits.outbox_bytes;
        if open > MAX_SOCKETS || waiting > MAX_REQUESTS {
            return self.breaks(&format!(
                "a client has {open} sockets and {waiting} requests at once"
            ));
        }
        if stats.outbox_messages != self.ledger.open_messages(tab) && !self.tabs[tab].dropped {
            let open = self.ledger.open_messages(tab);
            return self.breaks(&format!(
                "the outbox counts {} messages, and {open} have no fate",
                stats.outbox_messages
            ));
        }
        // What the application has not taken: one window, and as much again of lost sessions.
        let limits = &self.plan.client.limits;
        let window = usize::try_from(limits.window_bytes).unwrap_or(usize::MAX)
            + usize::try_from(limits.window_messages).unwrap_or(usize::MAX) * Limits::MESSAGE_COST;
        let largest = crate::message::LONGEST as usize + Limits::MESSAGE_COST;
        let held = self.tabs[tab].client.held_bytes();
        if held > bound + 2 * window + 4 * largest {
            return self.breaks(&format!("a client holds {held} bytes"));
        }
        if stats.outbox_messages > 1 && stats.outbox_bytes > bound {
            return self.breaks(&format!(
                "the outbox holds {} bytes of {bound}",
                stats.outbox_bytes
            ));
        }
        if closed && (open > 0 || waiting > 0 || self.tabs[tab].client.state() != State::Closed) {
            self.breaks("a closed client keeps a socket or a request");
        }
    }
}
