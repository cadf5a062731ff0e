//! What a session tells its driver.

use alloc::vec::Vec;

use crate::close::Close;
use crate::event::{Cause, Unconfirmed};
use crate::id::{CarrierId, MessageId};
use crate::payload::Payload;
use crate::transport::Transport;

/// What a driver of a [`Session`](super::Session) must do, in this order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SessionOutput {
    /// Send a close frame with this code and reason, then close the socket once the peer has answered or a short time has passed.
    Disconnect {
        /// The socket.
        carrier: CarrierId,
        /// What the close frame says.
        close: Close,
    },
    /// Hand this to the application.
    Event(SessionEvent),
    /// Answer this HTTP exchange.
    Respond {
        /// The exchange.
        carrier: CarrierId,
        /// The answer.
        answer: SessionAnswer,
    },
    /// Send this as one binary WebSocket message; call `handle_writable` when it is written.
    Transmit {
        /// The socket.
        carrier: CarrierId,
        /// The message.
        packet: Vec<u8>,
    },
}

/// The answer to an HTTP exchange.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionAnswer {
    /// HTTP status.
    pub status: u16,
    /// The packet, as `application/octet-stream`.
    pub body: Vec<u8>,
    /// The refusal that the packet carries, for the headers.
    pub close: Option<Close>,
}

/// What the application of a session hears.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The client's application has this message and all that were sent before it.
    Acknowledged(MessageId),
    /// A carrier carries the session.
    Attached {
        /// The transport.
        transport: Transport,
        /// Whether the session existed before.
        resumed: bool,
    },
    /// There is room in the outbox again after a refusal.
    Capacity,
    /// No carrier carries the session; it lives on until its life is over.
    Detached,
    /// The session is over. These messages were never acknowledged.
    Ended {
        /// Why.
        cause: Cause,
        /// What was never acknowledged, oldest first.
        unconfirmed: Vec<Unconfirmed>,
        /// Whether a carrier was told. It may not have heard it.
        told: bool,
    },
    /// A message of the client. Call `consumed` once the application has it.
    Message(Payload),
}
