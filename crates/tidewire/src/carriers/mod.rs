//! The state machine and what it holds of the browser: sockets, requests, one timer, listeners.

mod requests;
mod sockets;

use std::collections::VecDeque;
use std::mem;
use std::rc::Weak;
use std::time::Duration;

use tidewire_proto as proto;
use tidewire_proto::{CarrierId, Output, OverflowPolicy, PageEvent, Timestamp};
use wasm_bindgen::JsValue;

use self::sockets::Line;
use crate::builder::{Attempt, Credentials, Endpoint};
use crate::driver::Driver;
use crate::env::clock;
use crate::env::locks::HoldPermit;
use crate::env::page::{Page, PageFact};
use crate::env::store::Store;
use crate::env::timer::Timer;
use crate::net::{Address, Request, flush};
use crate::traffic::{RequestOutcome, Traffic};

/// How often a full socket is looked at again: browsers have no event for it. A hidden page's timers
/// run once a second at most.
const FULL_CHECK: Duration = Duration::from_millis(20);
const FULL_CHECK_HIDDEN: Duration = Duration::from_secs(1);

/// Sleep of the machine that its clock did not count, from this on: the page is told to look whether its server is there.
const SLEPT: Duration = Duration::from_secs(2);

/// What of the browser a client is made with.
pub(crate) struct Parts {
    pub(crate) machine: proto::Client,
    pub(crate) address: Address,
    pub(crate) token: Vec<u8>,
    /// An array of texts, or undefined.
    pub(crate) protocols: JsValue,
    pub(crate) policy: OverflowPolicy,
    pub(crate) credentials: Credentials,
    pub(crate) store: Store,
    /// Endpoints come from a provider, not from `address` and `token`.
    pub(crate) has_provider: bool,
}

/// What the application is to be told once the machine is drained.
pub(crate) enum Told {
    Event(proto::Event),
    Prepare(Attempt),
    #[cfg(feature = "observe")]
    Traffic(Traffic),
}

pub(crate) struct Carriers {
    pub(crate) machine: proto::Client,
    /// What the application is to be told, once this cell is free.
    pub(crate) told: VecDeque<Told>,
    address: Address,
    token: Vec<u8>,
    protocols: JsValue,
    credentials: Credentials,
    has_provider: bool,
    driver: Weak<Driver>,
    sockets: Vec<Line>,
    requests: Vec<(CarrierId, Request)>,
    /// The number of the last attempt that the provider was asked for, and whether its answer is still to come.
    attempt: u32,
    awaits_answer: bool,
    timer: Timer,
    page: Page,
    hold: HoldPermit,
    store: Store,
    /// Wall clock minus the other clock in milliseconds, when the timer last fired.
    skew: f64,
}

impl Carriers {
    pub(crate) fn new(parts: Parts, driver: &Weak<Driver>) -> Self {
        let (fired, told, permitted) = (driver.clone(), driver.clone(), driver.clone());
        Self {
            machine: parts.machine,
            told: VecDeque::new(),
            address: parts.address,
            token: parts.token,
            protocols: parts.protocols,
            credentials: parts.credentials,
            has_provider: parts.has_provider,
            driver: driver.clone(),
            sockets: Vec::new(),
            requests: Vec::new(),
            attempt: 0,
            awaits_answer: false,
            timer: Timer::new(move || with(&fired, Self::timer_fired)),
            page: Page::listen(move |fact| with(&told, |this, now| this.page_told(now, fact))),
            hold: HoldPermit::new(move |permitted_now| {
                with(&permitted, |this, now| {
                    this.machine.handle_hold_permit(now, permitted_now);
                });
            }),
            store: parts.store,
            skew: skew(),
        }
    }

    pub(crate) fn connect(&mut self, now: Timestamp) {
        if self.page.is_hidden() {
            self.machine.handle_page(now, PageEvent::Hidden);
        }
        self.machine.connect(now);
    }

    /// Does what the machine asks for, until it asks for nothing.
    pub(crate) fn perform(&mut self) {
        let now = clock::now();
        self.look_at_full_sockets(now);
        while let Some(output) = self.machine.poll_output(now) {
            match output {
                Output::Abort { carrier } => {
                    self.end_request(carrier, RequestOutcome::Aborted);
                }
                Output::CloseSocket { carrier, close } => {
                    if let Some(line) = self.take_socket(carrier) {
                        line.socket.close(close.as_ref());
                    }
                }
                Output::Event(event) => {
                    self.note_transport(&event);
                    self.told.push_back(Told::Event(event));
                }
                Output::OpenSocket { carrier } => self.open_socket(now, carrier),
                Output::Prepare { reauthenticate } if self.has_provider => {
                    let attempt = self.next_attempt(reauthenticate);
                    self.told.push_back(Told::Prepare(attempt));
                }
                Output::Prepare { .. } => {
                    self.machine.handle_prepared(now, Ok(self.token.clone()));
                }
                Output::Request {
                    carrier,
                    body,
                    held,
                } => self.request(now, carrier, &body, held),
                Output::Transmit { carrier, message } => self.transmit(now, carrier, &message),
            }
        }
    }

    /// Arms the timer and asks for the permit to hold, as the machine now needs them.
    pub(crate) fn arm(&mut self) {
        let mut deadline = self.machine.poll_timeout().map(|(deadline, _)| deadline);
        if self.sockets.iter().any(|line| line.is_full) {
            let hidden = self.page.is_hidden();
            let check = clock::now()
                + if hidden {
                    FULL_CHECK_HIDDEN
                } else {
                    FULL_CHECK
                };
            deadline = Some(deadline.map_or(check, |deadline| deadline.min(check)));
        }
        self.timer.set(deadline);
        self.hold.want(self.machine.wants_hold());
    }

    /// Lets go of everything, with a last word to the server where that is possible.
    pub(crate) fn abandon(&mut self) {
        self.machine.abandon(clock::now());
        self.perform();
        self.sockets.clear();
        self.requests.clear();
    }

    fn next_attempt(&mut self, reauthenticate: bool) -> Attempt {
        self.attempt = self.attempt.wrapping_add(1);
        self.awaits_answer = true;
        Attempt {
            number: self.attempt,
            reauthenticate,
        }
    }

    /// The provider answered, or its answer makes no sense. One that comes for an earlier attempt, a second time, or
    /// after the attempt was given up changes nothing: the session that runs meanwhile stays at its server.
    pub(crate) fn prepared(
        &mut self,
        now: Timestamp,
        attempt: u32,
        endpoint: Result<Endpoint, String>,
    ) {
        let is_awaited = self.awaits_answer
            && attempt == self.attempt
            && self.machine.state() == proto::State::Connecting;
        if !is_awaited {
            return;
        }
        self.awaits_answer = false;
        let token = endpoint.and_then(|Endpoint { url, token }| {
            if let Some(url) = url {
                let address = Address::parse(&url).map_err(|error| error.to_string())?;
                if address.host != self.address.host {
                    // What was recalled is of another server, and what works now is not for that one.
                    self.store = Store::none();
                }
                self.address = address;
            }
            Ok(token)
        });
        self.machine.handle_prepared(now, token);
    }

    fn note_transport(&mut self, event: &proto::Event) {
        if let proto::Event::Connected { transport, .. }
        | proto::Event::TransportChanged { to: transport, .. } = event
        {
            self.store.remember(*transport);
        }
    }

    /// The application is told once this cell is free again, before it hears of what follows.
    fn observe(&mut self, traffic: Traffic) {
        #[cfg(feature = "observe")]
        self.told.push_back(Told::Traffic(traffic));
        #[cfg(not(feature = "observe"))]
        let _ = traffic;
    }

    // Time and the page.

    fn timer_fired(&mut self, now: Timestamp) {
        if !self.timer.fired() {
            return;
        }
        let slept = skew() - mem::replace(&mut self.skew, skew());
        if slept > SLEPT.as_secs_f64() * 1_000.0 {
            self.machine.handle_page(now, PageEvent::Resumed);
        }
        self.machine.handle_timeout(now);
    }

    fn page_told(&mut self, now: Timestamp, fact: PageFact) {
        match fact {
            PageFact::Happened(event) => self.machine.handle_page(now, event),
            PageFact::Left { persisted } => {
                let machine = &mut self.machine;
                let flushed = flush(&self.address.http, self.credentials, |max_bytes| {
                    machine.flush_for_unload(now, !persisted, max_bytes)
                });
                if let Some(bytes) = flushed {
                    self.observe(Traffic::Flushed { bytes });
                }
            }
        }
    }
}

/// How far the wall's clock is ahead. It grows by the time that the machine slept, where the other
/// clock stops meanwhile.
fn skew() -> f64 {
    clock::wall_millis() - clock::now().as_millis() as f64
}

/// Reports a fact to a client that may be gone.
fn with(driver: &Weak<Driver>, change: impl FnOnce(&mut Carriers, Timestamp)) {
    if let Some(driver) = driver.upgrade() {
        driver.fact(change);
    }
}
