//! The rungs of the fallback ladder.

/// A way to carry a session, best first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Transport {
    /// The browser's WebSocket (RFC 6455): both sides speak at will.
    WebSocket,
    /// HTTP requests whose answer the server holds until it has something to say (RFC 6202 section 2).
    LongPolling,
    /// Short HTTP requests on a schedule.
    Polling,
}

impl Transport {
    /// All transports, best first.
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::LongPolling, Self::Polling];

    /// The name, as events and statistics show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "WebSocket",
            Self::LongPolling => "LongPolling",
            Self::Polling => "Polling",
        }
    }

    /// Whether this transport is made of HTTP exchanges.
    pub const fn is_http(self) -> bool {
        matches!(self, Self::LongPolling | Self::Polling)
    }

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::WebSocket => 0,
            Self::LongPolling => 1,
            Self::Polling => 2,
        }
    }
}
