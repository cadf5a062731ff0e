//! What an application hears besides messages.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use tidewire_proto as proto;
use tidewire_proto::{Cause, MessageId, Timestamp, Transport, Unconfirmed, Verdict};

use crate::Message;
use crate::backlog::Shared;

/// Where a client stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum State {
    /// The client is closed for good.
    Closed,
    /// Carriers are being tried.
    Connecting,
    /// The session is carried by this transport.
    Open(Transport),
    /// The last attempt failed.
    Waiting {
        /// Time until the next attempt, as of when the state was read or told.
        retry_in: Duration,
    },
}

impl State {
    pub(crate) fn read(state: proto::State, now: Timestamp) -> Self {
        match state {
            proto::State::Closed => Self::Closed,
            proto::State::Connecting => Self::Connecting,
            proto::State::Open(transport) => Self::Open(transport),
            proto::State::Waiting(until) => Self::Waiting {
                retry_in: until.since(now),
            },
        }
    }

    /// The transport that carries the session, if any does.
    pub const fn transport(&self) -> Option<Transport> {
        match self {
            Self::Open(transport) => Some(*transport),
            Self::Closed | Self::Connecting | Self::Waiting { .. } => None,
        }
    }
}

/// Something that happened to the connection or to a message.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The client is closed for good; the last event.
    Closed {
        /// Why.
        cause: Cause,
        /// What was never acknowledged, oldest first.
        unconfirmed: Vec<Unconfirmed>,
    },
    /// The session is carried (again).
    Connected {
        /// By which transport.
        transport: Transport,
        /// Whether it is a new session, or the old one goes on.
        verdict: Verdict,
    },
    /// A message was dropped by the overflow policy, or is longer than the server takes.
    Dropped {
        /// Its receipt's name.
        id: MessageId,
        /// The message.
        message: Message,
    },
    /// The connection failed; the next attempt follows.
    Hiccup {
        /// Why.
        cause: Cause,
        /// Time until the next attempt.
        retry_in: Duration,
    },
    /// The session is lost, and a new one begins.
    Lost {
        /// Why.
        cause: Cause,
        /// Messages that may or may not have arrived, oldest first. They are not sent again.
        unconfirmed: Vec<Unconfirmed>,
    },
    /// So many events were dropped, because nobody took them in time: of those that only tell how things stood the oldest
    /// first, and what tells the fate of messages last.
    Missed(u64),
    /// The state changed.
    State(State),
    /// The session moved from one transport to another, without losing anything.
    TransportChanged {
        /// The transport that carried it.
        from: Transport,
        /// The transport that carries it now.
        to: Transport,
    },
}

impl Event {
    /// Whether a later event of its kind says all that is still of use.
    const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Connected { .. }
                | Self::Hiccup { .. }
                | Self::State(_)
                | Self::TransportChanged { .. }
        )
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Closed { unconfirmed, .. } | Self::Lost { unconfirmed, .. } => unconfirmed
                .iter()
                .map(|message| message.payload.len())
                .sum(),
            Self::Dropped { message, .. } => message.len(),
            Self::Connected { .. }
            | Self::Hiccup { .. }
            | Self::Missed(_)
            | Self::State(_)
            | Self::TransportChanged { .. } => 0,
        }
    }
}

/// The stream of a client's events; it ends after [`Event::Closed`].
///
/// At most [`CAPACITY`](Self::CAPACITY) events wait, and the messages within them hold at most
/// [`CAPACITY_BYTES`](Self::CAPACITY_BYTES), the newest event apart. Beyond that some are dropped, those that tell
/// only how things stood before those that tell the fate of messages, and [`Event::Missed`] says how many. Once this handle is dropped nothing is kept.
pub struct Events {
    shared: Rc<Shared>,
}

impl Events {
    /// The events that wait to be taken.
    pub const CAPACITY: usize = 128;

    /// The bytes of messages within the events that wait to be taken.
    pub const CAPACITY_BYTES: usize = 4 * 1024 * 1024;

    pub(crate) const fn new(shared: Rc<Shared>) -> Self {
        Self { shared }
    }

    /// The next event, or `None` after the last.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|context| self.shared.backlog().ring.borrow_mut().poll(context)).await
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.shared.backlog().ring.borrow_mut().poll(context)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.shared.backlog().ring.borrow_mut().stop();
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

/// The events that wait to be taken.
#[derive(Default)]
pub(crate) struct Ring {
    queue: VecDeque<Event>,
    bytes: usize,
    missed: u64,
    waker: Option<Waker>,
    /// Nobody listens any more.
    stopped: bool,
    /// The last event was told.
    ended: bool,
}

impl Ring {
    pub(crate) fn push(&mut self, event: Event, wake: &mut Vec<Waker>) {
        self.ended |= matches!(event, Event::Closed { .. });
        if !self.stopped {
            self.bytes = self.bytes.saturating_add(event.bytes());
            self.queue.push_back(event);
            while self.queue.len() > Events::CAPACITY {
                // What tells how things were is worth less than what tells the fate of messages.
                let least = self.queue.iter().position(Event::is_passing);
                self.drop_at(least.unwrap_or_default());
            }
            while self.bytes > Events::CAPACITY_BYTES && self.queue.len() > 1 {
                let heavy = self.queue.iter().position(|event| event.bytes() > 0);
                self.drop_at(heavy.unwrap_or_default());
            }
        }
        wake.extend(self.waker.take());
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        if self.missed > 0 {
            return Poll::Ready(Some(Event::Missed(std::mem::take(&mut self.missed))));
        }
        match self.pop() {
            Some(event) => Poll::Ready(Some(event)),
            None if self.ended => Poll::Ready(None),
            None => {
                self.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn drop_at(&mut self, index: usize) {
        if let Some(event) = self.queue.remove(index) {
            self.bytes = self.bytes.saturating_sub(event.bytes());
            self.missed += 1;
        }
    }

    fn pop(&mut self) -> Option<Event> {
        let event = self.queue.pop_front()?;
        self.bytes = self.bytes.saturating_sub(event.bytes());
        Some(event)
    }

    fn stop(&mut self) {
        *self = Self {
            stopped: true,
            ..Self::default()
        };
    }
}
