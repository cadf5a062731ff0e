//! What an application sends and receives.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// One message of the application: text stays text and binary stays binary from end to end.
///
/// Its `Debug` tells kind and length, and nothing of the content: what is printed ends up in logs.
#[derive(Clone, Eq, PartialEq)]
pub enum Payload {
    /// Bytes without further meaning.
    Binary(Vec<u8>),
    /// Unicode text; it travels as UTF-8.
    Text(String),
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Binary(_) => "Binary",
            Self::Text(_) => "Text",
        };
        f.debug_tuple(kind)
            .field(&format_args!("{} bytes", self.len()))
            .finish()
    }
}

impl Payload {
    /// Length in bytes (of the UTF-8 form, for text).
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether the message has no bytes at all. An empty message is delivered like any other.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// The bytes of the message (of the UTF-8 form, for text).
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Binary(bytes) => bytes,
            Self::Text(text) => text.as_bytes(),
        }
    }

    /// The text, if this is a text message.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Binary(_) => None,
            Self::Text(text) => Some(text),
        }
    }

    /// The bytes of the message, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Binary(bytes) => bytes,
            Self::Text(text) => text.into_bytes(),
        }
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(bytes.into())
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}
