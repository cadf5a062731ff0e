//! What waits for the handles of a client: messages, events, the fates of messages.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Poll, Waker};

use tidewire_proto as proto;
use tidewire_proto::{
    Cause, Close, OverflowPolicy, SendErrorKind, SessionNumber, Unconfirmed, Verdict,
};

use crate::Message;
use crate::builder::{Attempt, Provide, Reply};
use crate::carriers::{Parts, Told};
use crate::driver::{Application, Driver};
use crate::env::clock;
use crate::env::spawn::Task;
use crate::error::SendError;
use crate::events::{Event, Ring, State};
use crate::messages::Inbox;
use crate::receipt::{Ledger, Receipt};
#[cfg(feature = "observe")]
use crate::traffic::{Observe, Traffic};

/// What all handles of a client share. Dropping the last of them undoes everything.
pub(crate) struct Shared {
    driver: Rc<Driver>,
    backlog: Rc<Backlog>,
}

/// What the application has not taken yet, and who waits for what.
pub(crate) struct Backlog {
    pub(crate) inbox: RefCell<Inbox>,
    pub(crate) ring: RefCell<Ring>,
    ledger: RefCell<Ledger>,
    queue: RefCell<Queue>,
    ending: RefCell<Ending>,
    provide: RefCell<Option<Provide>>,
    /// The provider's answer that is waited for.
    preparing: RefCell<Option<Task>>,
    #[cfg(feature = "observe")]
    observe: Option<Observe>,
    is_bare: bool,
    verdict: Cell<Option<Verdict>>,
}

/// What of the application a client is made with.
pub(crate) struct ApplicationSettings {
    pub(crate) provide: Option<Provide>,
    #[cfg(feature = "observe")]
    pub(crate) observe: Option<Observe>,
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
    pub(crate) fn start(parts: Parts, settings: ApplicationSettings) -> Rc<Self> {
        let backlog = Rc::new(Backlog {
            inbox: RefCell::default(),
            ring: RefCell::default(),
            ledger: RefCell::default(),
            queue: RefCell::default(),
            ending: RefCell::default(),
            provide: RefCell::new(settings.provide),
            preparing: RefCell::default(),
            #[cfg(feature = "observe")]
            observe: settings.observe,
            is_bare: settings.is_bare,
            verdict: Cell::new(None),
        });
        let application: Rc<Backlog> = Rc::clone(&backlog);
        Rc::new(Self {
            driver: Driver::start(parts, application),
            backlog,
        })
    }

    pub(crate) fn send(&self, message: Message) -> Result<Receipt, SendError<Message>> {
        match self.driver.send(message) {
            Ok(id) => Ok(self.backlog.ledger.borrow_mut().add(id)),
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

    /// The application has taken a message.
    pub(crate) fn consumed(&self, session: SessionNumber) {
        self.driver.consumed(session, 1);
    }

    /// See [`Driver::close`].
    pub(crate) fn close(&self, close: Close) {
        self.driver.close(close);
    }

    /// See [`Driver::read`].
    pub(crate) fn read<R>(&self, read: impl FnOnce(&proto::Client) -> R) -> R {
        self.driver.read(read)
    }

    /// See [`Driver::schedule`].
    pub(crate) fn schedule(&self) {
        self.driver.schedule();
    }

    pub(crate) fn backlog(&self) -> &Backlog {
        &self.backlog
    }

    /// Whether a refusal for want of room is to be waited out.
    pub(crate) fn waits(&self) -> bool {
        self.driver.policy == OverflowPolicy::Wait
    }
}

impl Application for Backlog {
    fn tell(&self, driver: &Driver, told: Told) {
        let mut wake = Vec::new();
        match told {
            Told::Event(event) => {
                self.recall_provider(&event);
                if let Some(event) = self.take_note(event, &mut wake) {
                    self.ring.borrow_mut().push(event, &mut wake);
                }
            }
            Told::Prepare(attempt) => self.prepare(driver, attempt),
            #[cfg(feature = "observe")]
            Told::Traffic(traffic) => self.observe(&traffic),
        }
        for waker in wake {
            waker.wake();
        }
    }

    /// Hands the waiting messages to the handler, if there is one.
    fn settle(&self, driver: &Driver) {
        while let Some(handler) = { self.inbox.borrow().handler() } {
            // A handler that is running takes what is left when it returns.
            let Ok(mut handler) = handler.try_borrow_mut() else {
                return;
            };
            let Some((session, message)) = ({ self.inbox.borrow_mut().queue.pop_front() }) else {
                return;
            };
            handler(message);
            driver.consumed(session, 1);
        }
    }

    /// Nobody is left to be told but the observer, and who kept a receipt.
    fn end(&self, told: VecDeque<Told>) {
        #[cfg(feature = "observe")]
        for told in &told {
            if let Told::Traffic(traffic) = told {
                self.observe(traffic);
            }
        }
        drop(told);
        let mut wake = Vec::new();
        self.ledger.borrow_mut().abandon(&mut wake);
        for waker in wake {
            waker.wake();
        }
    }
}

impl Backlog {
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
                self.note_end(&unconfirmed, wake);
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

    /// The client is closed for good: whoever waits for anything hears it.
    fn note_end(&self, unconfirmed: &[Unconfirmed], wake: &mut Vec<Waker>) {
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

    /// The provider took too long, or its answer is of no use any more: a handshake of an earlier attempt may
    /// succeed while it is asked.
    fn recall_provider(&self, event: &proto::Event) {
        if matches!(
            event,
            proto::Event::Closed { .. }
                | proto::Event::Connected { .. }
                | proto::Event::Hiccup {
                    cause: Cause::Provider(_),
                    ..
                }
        ) {
            let recalled = self.preparing.take();
            drop(recalled);
        }
    }

    /// Asks the application's provider for an endpoint.
    fn prepare(&self, driver: &Driver, attempt: Attempt) {
        // Out of its cell while it is called.
        let Some(mut provide) = self.provide.take() else {
            return;
        };
        let task = provide(attempt, Reply::new(driver.downgrade(), attempt));
        self.provide.replace(Some(provide));
        let previous = self.preparing.replace(Some(task));
        drop(previous);
    }

    // What handles ask.

    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.verdict.get()
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
