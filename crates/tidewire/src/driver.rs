//! Joins the state machine with the application: commands go in, events come out.
//!
//! The rule of the loop: whatever changes the machine is followed by one [`Shared::drain`]. Facts drain
//! at once, commands of the application at the end of the turn, so that everything sent in one turn
//! travels together. No cell is borrowed while the application is called or woken; it may send, close
//! or drop the client from anywhere.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use tidewire_proto as proto;
use tidewire_proto::{
    Close, OverflowPolicy, SendErrorKind, SessionNumber, Timestamp, Unconfirmed, Verdict,
};

use crate::Message;
use crate::builder::{Attempt, Endpoint, Provide, Reply};
use crate::carriers::{Carriers, Parts, Told};
use crate::env::{clock, promise};
use crate::error::SendError;
use crate::events::{Event, Ring, State};
use crate::messages::Inbox;
use crate::receipt::{Ledger, Receipt};
#[cfg(feature = "observe")]
use crate::traffic::{Observe, Traffic};

/// What all handles of a client share; the callbacks of the browser hold it weakly. Dropping it undoes
/// everything.
pub(crate) struct Shared {
    this: Weak<Self>,
    carriers: RefCell<Carriers>,
    pub(crate) inbox: RefCell<Inbox>,
    pub(crate) ring: RefCell<Ring>,
    ledger: RefCell<Ledger>,
    queue: RefCell<Queue>,
    ending: RefCell<Ending>,
    provide: RefCell<Option<Provide>>,
    #[cfg(feature = "observe")]
    observe: Option<Observe>,
    policy: OverflowPolicy,
    is_bare: bool,
    verdict: Cell<Option<Verdict>>,
    /// A drain at the end of this turn is on its way.
    is_scheduled: Cell<bool>,
    /// What the application is to be told, and whether that is going on.
    told: RefCell<VecDeque<Told>>,
    is_telling: Cell<bool>,
}

/// What of the application a client is made with.
pub(crate) struct Habits {
    pub(crate) provide: Option<Provide>,
    #[cfg(feature = "observe")]
    pub(crate) observe: Option<Observe>,
    pub(crate) policy: OverflowPolicy,
    pub(crate) is_bare: bool,
}

/// Tasks that wait for room in the outbox, first come first served.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<(u64, Waker)>,
    next_ticket: u64,
}

/// How the client ended, and who wants to know.
#[derive(Default)]
struct Ending {
    unconfirmed: Option<Vec<Unconfirmed>>,
    wakers: Vec<Waker>,
}

impl Shared {
    /// Begins to connect, at the end of this turn.
    pub(crate) fn start(parts: Parts, habits: Habits) -> Rc<Self> {
        let shared = Rc::new_cyclic(|this: &Weak<Self>| Self {
            this: this.clone(),
            carriers: RefCell::new(Carriers::new(parts, this)),
            inbox: RefCell::default(),
            ring: RefCell::default(),
            ledger: RefCell::default(),
            queue: RefCell::default(),
            ending: RefCell::default(),
            provide: RefCell::new(habits.provide),
            #[cfg(feature = "observe")]
            observe: habits.observe,
            policy: habits.policy,
            is_bare: habits.is_bare,
            verdict: Cell::new(None),
            is_scheduled: Cell::new(false),
            told: RefCell::default(),
            is_telling: Cell::new(false),
        });
        shared.command(|carriers, now| carriers.connect(now));
        shared
    }

    // Commands of the application.

    pub(crate) fn send(&self, message: Message) -> Result<Receipt, SendError<Message>> {
        let policy = self.policy;
        let sent = self.command(|carriers, now| carriers.machine.send(now, message, policy));
        match sent {
            Ok(id) => Ok(self.ledger.borrow_mut().add(id)),
            Err(proto::SendError { payload, kind }) => Err(match kind {
                SendErrorKind::Full => SendError::Full(payload),
                SendErrorKind::TooLarge { limit } => SendError::TooLarge {
                    message: payload,
                    limit,
                },
                _ => SendError::Closed(payload),
            }),
        }
    }

    pub(crate) fn close(&self, close: Close) {
        self.command(|carriers, now| carriers.machine.close(now, close));
    }

    /// The application has taken a message.
    pub(crate) fn consumed(&self, session: SessionNumber) {
        self.command(|carriers, now| carriers.machine.consumed(now, session, 1));
    }

    /// Changes the machine, and drains it at the end of this turn.
    fn command<R>(&self, change: impl FnOnce(&mut Carriers, Timestamp) -> R) -> R {
        let result = change(&mut self.carriers.borrow_mut(), clock::now());
        self.schedule();
        result
    }

    pub(crate) fn schedule(&self) {
        if self.is_scheduled.replace(true) {
            return;
        }
        let this = self.this.clone();
        promise::defer(move || {
            if let Some(this) = this.upgrade() {
                this.is_scheduled.set(false);
                this.drain();
            }
        });
    }

    // Facts of the browser.

    /// Changes the machine, and drains it now.
    pub(crate) fn fact(&self, change: impl FnOnce(&mut Carriers, Timestamp)) {
        change(&mut self.carriers.borrow_mut(), clock::now());
        self.drain();
    }

    /// The provider has answered.
    pub(crate) fn prepared(&self, endpoint: Result<Endpoint, String>) {
        self.fact(|carriers, now| carriers.prepared(now, endpoint));
    }

    fn drain(&self) {
        let told = self.carriers.borrow_mut().perform();
        let dropped = self.carriers.borrow_mut().dropped.take();
        drop(dropped);
        self.told.borrow_mut().extend(told);
        if !self.is_telling.replace(true) {
            // A borrow that ends before the application is called.
            while let Some(told) = { self.told.borrow_mut().pop_front() } {
                self.tell(told);
            }
            self.is_telling.set(false);
        }
        self.deliver();
        self.carriers.borrow_mut().rest();
    }

    // The application is told.

    fn tell(&self, told: Told) {
        let mut wake = Vec::new();
        match told {
            Told::Event(event) => {
                if let Some(event) = self.take_note(event, &mut wake) {
                    self.ring.borrow_mut().push(event, &mut wake);
                }
            }
            Told::Prepare(attempt) => self.prepare(attempt),
            #[cfg(feature = "observe")]
            Told::Traffic(traffic) => self.observe(&traffic),
        }
        for waker in wake {
            waker.wake();
        }
    }

    #[cfg(feature = "observe")]
    fn observe(&self, traffic: &Traffic) {
        if let Some(observe) = &self.observe {
            observe(traffic);
        }
    }

    /// Records an event; returns what goes into the stream of events.
    fn take_note(&self, event: proto::Event, wake: &mut Vec<Waker>) -> Option<Event> {
        Some(match event {
            proto::Event::Acknowledged(id) => {
                self.ledger.borrow_mut().acknowledged(id, wake);
                return None;
            }
            proto::Event::Capacity => {
                wake.extend(self.queue.borrow().first());
                return None;
            }
            proto::Event::Closed { cause, unconfirmed } => {
                self.end(&unconfirmed, wake);
                Event::Closed { cause, unconfirmed }
            }
            proto::Event::Connected { transport, verdict } => {
                self.verdict.set(Some(verdict));
                Event::Connected { transport, verdict }
            }
            proto::Event::Dropped { id, payload } => {
                self.ledger.borrow_mut().dropped(id, wake);
                Event::Dropped {
                    id,
                    message: payload,
                }
            }
            proto::Event::Hiccup { cause, retry_in } => Event::Hiccup { cause, retry_in },
            proto::Event::Lost { cause, unconfirmed } => {
                self.ledger.borrow_mut().lost(&unconfirmed, wake);
                Event::Lost { cause, unconfirmed }
            }
            proto::Event::Message { session, payload } => {
                self.inbox.borrow_mut().push(session, payload, wake);
                return None;
            }
            proto::Event::Sent(id) => {
                self.ledger.borrow_mut().sent(id, self.is_bare, wake);
                return None;
            }
            proto::Event::State(state) => Event::State(State::read(state, clock::now())),
            proto::Event::TransportChanged { from, to } => Event::TransportChanged { from, to },
            _ => return None,
        })
    }

    fn end(&self, unconfirmed: &[Unconfirmed], wake: &mut Vec<Waker>) {
        let mut ledger = self.ledger.borrow_mut();
        ledger.lost(unconfirmed, wake);
        ledger.abandon(wake);
        self.inbox.borrow_mut().end(wake);
        wake.extend(
            self.queue
                .borrow()
                .waiting
                .iter()
                .map(|(_, waker)| waker.clone()),
        );
        let mut ending = self.ending.borrow_mut();
        ending.unconfirmed = Some(unconfirmed.to_vec());
        wake.append(&mut ending.wakers);
    }

    /// Asks the application's provider for an endpoint.
    fn prepare(&self, attempt: Attempt) {
        // Out of its cell while it is called.
        let Some(mut provide) = self.provide.take() else {
            return;
        };
        let task = provide(attempt, Reply::new(self.this.clone()));
        self.provide.replace(Some(provide));
        let previous = self.carriers.borrow_mut().preparing.replace(task);
        drop(previous);
    }

    /// Hands the waiting messages to the handler, if there is one.
    fn deliver(&self) {
        while let Some(handler) = { self.inbox.borrow().handler() } {
            // A handler that is running takes what is left when it returns.
            let Ok(mut handler) = handler.try_borrow_mut() else {
                return;
            };
            let Some((session, message)) = ({ self.inbox.borrow_mut().queue.pop_front() }) else {
                return;
            };
            handler(message);
            self.consumed(session);
        }
    }

    // What handles ask.

    pub(crate) fn read<R>(&self, read: impl FnOnce(&proto::Client) -> R) -> R {
        read(&self.carriers.borrow().machine)
    }

    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.verdict.get()
    }

    /// Whether a refusal for want of room is to be waited out.
    pub(crate) fn waits(&self) -> bool {
        self.policy == OverflowPolicy::Wait
    }

    /// The end of the client: what was never acknowledged.
    pub(crate) fn poll_end(&self, waker: &Waker) -> Poll<Vec<Unconfirmed>> {
        let mut ending = self.ending.borrow_mut();
        match &ending.unconfirmed {
            Some(unconfirmed) => Poll::Ready(unconfirmed.clone()),
            None => {
                // Each waiter is polled seldom; a waker that is here already is not kept twice.
                ending.wakers.retain(|other| !other.will_wake(waker));
                ending.wakers.push(waker.clone());
                Poll::Pending
            }
        }
    }

    /// Whether the holder of `ticket` may try to send now.
    pub(crate) fn is_first(&self, ticket: Option<u64>) -> bool {
        let queue = self.queue.borrow();
        queue
            .waiting
            .front()
            .is_none_or(|(first, _)| Some(*first) == ticket)
    }

    /// Waits in the queue, at the place of `ticket` if there is one.
    pub(crate) fn wait(&self, ticket: Option<u64>, waker: &Waker) -> u64 {
        let mut queue = self.queue.borrow_mut();
        if let Some(ticket) = ticket
            && let Some((_, place)) = queue.waiting.iter_mut().find(|(other, _)| *other == ticket)
        {
            place.clone_from(waker);
            return ticket;
        }
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        queue.waiting.push_back((ticket, waker.clone()));
        ticket
    }

    /// Leaves the queue; the next one in it may try.
    pub(crate) fn leave(&self, ticket: u64) {
        let next = {
            let mut queue = self.queue.borrow_mut();
            queue.waiting.retain(|(other, _)| *other != ticket);
            queue.first()
        };
        if let Some(next) = next {
            next.wake();
        }
    }
}

impl Queue {
    fn first(&self) -> Option<Waker> {
        self.waiting.front().map(|(_, waker)| waker.clone())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Nobody is left to be told but the observer.
        let told = self.carriers.get_mut().abandon();
        #[cfg(feature = "observe")]
        for told in &told {
            if let Told::Traffic(traffic) = told {
                self.observe(traffic);
            }
        }
        drop(told);
        let mut wake = Vec::new();
        self.ledger.get_mut().abandon(&mut wake);
        for waker in wake {
            waker.wake();
        }
    }
}
