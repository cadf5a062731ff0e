//! What a frame is for: four bits of its first byte (RFC 6455, 5.2 and 11.8).
//!
//! Data frames (0 to 2) carry messages, control frames (8 to 10) carry what the two ends say to each other. The other ten
//! numbers are left for extensions that both ends would have to agree on.

/// What a frame is for (RFC 6455, 11.8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Opcode {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xa,
}

impl Opcode {
    /// The opcode of four bits; `None` where none is defined, and none may be sent.
    pub(crate) fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    /// Control frames may come between the fragments of a message, so they are short and whole.
    pub(crate) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}
