//! Refusals: whose fault, and what to do.

use core::fmt;

use crate::close::{Close, CloseCode};
use crate::payload::Payload;

/// A message that was not accepted, handed back with the reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SendError {
    /// The message, as it was given.
    pub payload: Payload,
    /// Why it was refused.
    pub kind: SendErrorKind,
}

/// Why a message was not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// The handle is closed or closing: open a new one.
    Closed,
    /// The outbox is full: wait for the `Capacity` event and try again.
    Full,
    /// The message is longer than the peer takes: send less at once.
    TooLarge {
        /// The longest message, in bytes.
        limit: u64,
    },
}

impl fmt::Display for SendErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the connection is closed; the message is handed back",
            Self::Full => "the outbox is full; wait for room and send the message again",
            Self::TooLarge { .. } => "the message is longer than the peer takes",
        })
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl core::error::Error for SendError {}

/// A rule of the protocol that the peer broke, with the close code that answers it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Violation {
    /// The code to close with.
    pub code: CloseCode,
    /// `name: human text`, as it goes into the close reason.
    pub rule: &'static str,
}

impl Violation {
    pub(crate) const fn malformed(rule: &'static str) -> Self {
        Self {
            code: CloseCode::MALFORMED,
            rule,
        }
    }

    pub(crate) const fn sequence(rule: &'static str) -> Self {
        Self {
            code: CloseCode::SEQUENCE,
            rule,
        }
    }

    pub(crate) const fn too_large(rule: &'static str) -> Self {
        Self {
            code: CloseCode::TOO_LARGE,
            rule,
        }
    }

    /// The close that answers this violation.
    pub fn close(self) -> Close {
        Close::new(self.code, self.rule)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule)
    }
}

impl core::error::Error for Violation {}
