//! The wire: packets, their frames, and the integers in them. `docs/PROTOCOL.md` is its specification.
//!
//! A packet is one WebSocket message or one HTTP body: a sequence of frames, nothing between or around them.

mod frame;
mod hello;
mod reader;
mod writer;

pub(crate) use frame::OF_CLIENTS;
pub use frame::{Ack, Frame, FrameKind};
pub use hello::{Hello, HelloMode, PROTOCOL_VERSION, Welcome};
pub use reader::Reader;
pub use writer::Writer;

/// A place in one direction's stream of messages: what lies before it is held by the receiver.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Position {
    /// Messages before it, counted from the start of the session.
    pub messages: u64,
    /// Bytes before it of the message that follows.
    pub offset: u64,
}

impl Position {
    /// The place after `messages` whole messages.
    pub const fn after(messages: u64) -> Self {
        Self {
            messages,
            offset: 0,
        }
    }
}
