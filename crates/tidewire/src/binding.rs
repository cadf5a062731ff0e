//! The client for bindings to other languages: callbacks and numbers instead of streams and receipts.
//!
//! What [`Client`](crate::Client) keeps for its handles (messages not yet taken, events, receipts), a binding
//! keeps in the other language's own terms, and once only. So [`Event`], [`SendError`] and [`State`] are those of
//! the protocol here, with numbers for messages; the types of the same names at the crate's root are for handles.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use tidewire_proto::{Close, CloseCode, Stats};

use crate::Message;
use crate::builder::{Attempt, Endpoint};
use crate::carriers::Told;
use crate::driver::{Application, Driver};
use crate::error::ConfigError;

pub use crate::builder::Settings;
pub use tidewire_proto::Mode;

pub use tidewire_proto::{Event, MessageId, SendError, SendErrorKind, SessionNumber, State};

/// Who is told what happens to a [`Binding`].
///
/// The methods are called one at a time, in the order of what happened, and may call the binding.
pub trait Listener {
    /// Something happened. Each [`Event::Message`] is to be answered by [`Binding::consumed`] once the
    /// application has it.
    fn event(&self, event: Event);

    /// URL and token are asked for; [`Binding::prepared`] answers. Called only where
    /// [`Settings::has_provider`] is set.
    fn prepare(&self, attempt: Attempt);
}

/// A client without handles. Dropping it undoes everything, and nothing is told any more.
pub struct Binding {
    driver: Rc<Driver>,
}

impl Binding {
    /// Makes a client that tells `listener` what happens, and begins to connect at the end of this turn.
    ///
    /// # Errors
    ///
    /// As [`Builder::connect`](crate::Builder::connect); the sub-protocols are not checked.
    pub fn new(settings: Settings, listener: impl Listener + 'static) -> Result<Self, ConfigError> {
        Ok(Self {
            driver: Driver::start(settings.open()?, Rc::new(Adapter(listener))),
        })
    }

    /// Puts a message into the outbox, to go out at the end of this turn.
    ///
    /// # Errors
    ///
    /// Says why, and hands the message back, where it is too long, finds no room, or the client is closed.
    pub fn send(&self, message: impl Into<Message>) -> Result<MessageId, SendError> {
        self.driver.send(message.into())
    }

    /// The application has taken this many messages of a session, in order: they are acknowledged.
    pub fn consumed(&self, session: SessionNumber, messages: u64) {
        self.driver.consumed(session, messages);
    }

    /// Answers [`Listener::prepare`] for the attempt of this [number](Attempt::number): where and as whom to connect,
    /// or why that cannot be said. Changes nothing once that attempt was given up or answered.
    pub fn prepared(&self, attempt: u32, endpoint: Result<Endpoint, String>) {
        self.driver.prepared(attempt, endpoint);
    }

    /// Closes the client: what was sent goes first. Ends with [`Event::Closed`]. A reason of more than 123 bytes is cut.
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.driver.close(Close::new(code, reason));
    }

    /// The longest message that can be sent now, in bytes.
    pub fn max_message(&self) -> u64 {
        self.driver.read(|machine| machine.max_message())
    }

    /// The counters, as of now.
    pub fn stats(&self) -> Stats {
        self.driver.read(|machine| machine.stats())
    }
}

impl Drop for Binding {
    /// The driver itself may live on for a moment: it is at work where a listener drops its binding.
    fn drop(&mut self) {
        self.driver.silence();
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding").finish_non_exhaustive()
    }
}

struct Adapter<L>(L);

impl<L: Listener> Application for Adapter<L> {
    fn tell(&self, _driver: &Driver, told: Told) {
        match told {
            Told::Event(event) => self.0.event(event),
            Told::Prepare(attempt) => self.0.prepare(attempt),
            #[cfg(feature = "observe")]
            Told::Traffic(_) => {}
        }
    }

    /// A binding that is dropped is told nothing more.
    fn end(&self, _told: VecDeque<Told>) {}
}
