//! What the server tells everybody who listens: a tick each second, and what is pushed from any page.

use serde::Deserialize;

/// One item of news.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct News {
    /// Grows by one with each item.
    pub(crate) number: u64,
    /// When the server made it: its clock, in milliseconds since 1970.
    pub(crate) at: f64,
    #[serde(default)]
    pub(crate) text: String,
}

/// The answer to a plain request for news.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Latest {
    /// The server's clock when it answered.
    pub(crate) now: f64,
    pub(crate) latest: Option<News>,
    /// Length of the head of the request, as the server received it.
    pub(crate) request_bytes: u64,
}

impl News {
    /// Reads a message of the server; `None` where it is something else.
    pub(crate) fn read(message: &tidewire::Message) -> Option<Self> {
        serde_json::from_str(message.as_text()?).ok()
    }
}
