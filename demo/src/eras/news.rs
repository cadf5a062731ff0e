//! What the server tells everybody who listens: a tick each second, and what is pushed from any page.

use crate::json::Json;

/// One item of news.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct News {
    /// Grows by one with each item.
    pub(crate) number: u64,
    /// When the server made it: its clock, in milliseconds since 1970.
    pub(crate) at: f64,
}

/// The answer to a plain request for news.
#[derive(Clone, Copy, Debug, PartialEq)]
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
        Self::of(&Json::parse(message.as_text()?)?)
    }

    fn of(json: &Json) -> Option<Self> {
        Some(Self {
            number: json.get("number").count()?,
            at: json.get("at").number()?,
        })
    }
}

impl Latest {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let json = Json::parse(text)?;
        Some(Self {
            now: json.get("now").number()?,
            latest: News::of(&json.get("latest")),
            request_bytes: json.get("request_bytes").count()?,
        })
    }
}
