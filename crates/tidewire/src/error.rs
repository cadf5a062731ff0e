//! What can go wrong, whose fault it is, and what to do.

use tidewire_proto::MessageId;
pub use tidewire_proto::{Cause, Close, CloseCode, Reaction};

/// A client that cannot be made as it was configured; the caller's fault. Nothing was sent.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The environment has no `crypto.getRandomValues`, from which session keys are drawn. Every
    /// browser has it, in pages and in workers.
    #[error("this environment has no `crypto.getRandomValues`; run in a browser's page or worker")]
    NoRandomness,
    /// A setting makes no sense; the field is named.
    #[error(transparent)]
    Setting(#[from] tidewire_proto::ConfigError),
    /// The address of the server cannot be used; the part is named.
    #[error("the address of the server {0}")]
    Url(#[from] UrlError),
}

/// The part of an address that makes it unusable.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It holds a user name or a password, which browsers do not send. Use a token.
    #[error("holds a user name or a password: give a token or a provider instead")]
    Credentials,
    /// It holds a fragment, which is never sent to a server.
    #[error("holds a fragment (`#`): remove it")]
    Fragment,
    /// It is not encrypted, and a page that came by https may not use it.
    #[error("is not encrypted, which a page loaded by https may not use: write `https:` or `wss:`")]
    Insecure,
    /// It cannot be parsed; or it is relative, and there is nothing that it could be relative to.
    #[error("is not a URL, or is relative where there is nothing to be relative to")]
    Malformed,
    /// Its scheme is none of `http`, `https`, `ws`, `wss`.
    #[error("has a scheme other than `http`, `https`, `ws` and `wss`")]
    Scheme,
}

/// A message that was refused. Each variant hands it back.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError<T> {
    /// The client is closed for good; make a new one.
    #[error("the client is closed")]
    Closed(T),
    /// The codec cannot encode it; the text says why. The caller's fault.
    #[error("the message cannot be encoded: {1}")]
    Encode(T, CodecError),
    /// The outbox is full: the peer has not yet acknowledged enough. Wait, or send less.
    #[error("the outbox is full; wait for acknowledgements")]
    Full(T),
    /// It is longer than the server, or this client's own limit, allows; sending it again is in vain.
    #[error("the message is longer than {limit} bytes")]
    TooLarge {
        /// The message.
        message: T,
        /// The longest message that can be sent now, in bytes.
        limit: u64,
    },
}

impl<T> SendError<T> {
    /// The message that was refused.
    pub fn into_message(self) -> T {
        match self {
            Self::Closed(message)
            | Self::Encode(message, _)
            | Self::Full(message)
            | Self::TooLarge { message, .. } => message,
        }
    }

    /// Whether the same message may be accepted later.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// The same error about another form of the message.
    pub(crate) fn with<U>(self, message: U) -> SendError<U> {
        match self {
            Self::Closed(_) => SendError::Closed(message),
            Self::Encode(_, error) => SendError::Encode(message, error),
            Self::Full(_) => SendError::Full(message),
            Self::TooLarge { limit, .. } => SendError::TooLarge { message, limit },
        }
    }
}

/// Why a message that was accepted will not be acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// The overflow policy dropped it, or it is longer than the server takes: the peer does not have
    /// it. [`Event::Dropped`](crate::Event::Dropped) hands it back.
    #[error("message {} was dropped before it was sent", .0.0)]
    Dropped(MessageId),
    /// The session was lost, or the client was closed or dropped, before the peer acknowledged it.
    /// [`Event::Lost`](crate::Event::Lost) and [`Event::Closed`](crate::Event::Closed) hand it back.
    #[error(
        "message {} was {}", .id.0,
        if *.transmitted { "not acknowledged: whether it arrived is unknown" } else { "never sent" }
    )]
    Unconfirmed {
        /// The message.
        id: MessageId,
        /// Whether any part of it was handed to the browser: where not, the peer certainly does not
        /// have it. True also where a dropped client cannot know.
        transmitted: bool,
    },
}

/// A message that a codec cannot encode or decode; the text is the codec's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(String);

impl CodecError {
    /// An error with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// A received message that the codec does not understand; the peer's fault, or a newer peer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a message of {} bytes cannot be decoded: {error}", message.len())]
#[non_exhaustive]
pub struct DecodeError {
    /// The message as it came.
    pub message: crate::Message,
    /// What the codec says.
    pub error: CodecError,
}

/// A close code that browsers do not let an application send: anything but 1000 and 3000 to 4999.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("close code {} cannot be sent; use 1000 or 3000 to 4999", .0.0)]
pub struct InvalidCloseCode(pub CloseCode);
