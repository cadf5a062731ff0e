//! What lies between a client and its server.

use core::time::Duration;

use tidewire_proto::CarrierId;

/// How the network treats what begins from now on.
#[derive(Debug)]
pub(crate) struct Net {
    /// One way. 10 ms at first.
    pub(crate) latency: Duration,
    /// How long a socket is busy with one packet. Zero at first.
    pub(crate) write_time: Duration,
    pub(crate) handshakes: Handshakes,
    pub(crate) http: Http,
    /// Bytes that the body of a request or an answer moves in a second; none for as many as there are.
    pub(crate) http_rate: Option<u64>,
}

impl Default for Net {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(10),
            write_time: Duration::ZERO,
            handshakes: Handshakes::Open,
            http: Http::Works,
            http_rate: None,
        }
    }
}

impl Net {
    /// How long a body of so many bytes is under way.
    pub(crate) fn http_delay(&self, bytes: usize) -> Duration {
        let moving = self
            .http_rate
            .map(|rate| Duration::from_micros(bytes as u64 * 1_000_000 / rate));
        self.latency + moving.unwrap_or_default()
    }
}

/// What becomes of a WebSocket handshake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Handshakes {
    Mute,
    Open,
    /// A proxy accepts it, with no server behind.
    OpenOntoNothing,
    Refused,
}

/// What becomes of an HTTP request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Http {
    /// A proxy keeps the answers of held requests for so long.
    BuffersHolds(Duration),
    /// A proxy cuts what is not answered within this time.
    CutsAfter(Duration),
    Fails,
    /// Something else answers, with this status and advice.
    Foreign(u16, Option<Duration>),
    /// The server gets the request; its answer is lost, and the client's connection breaks.
    LosesAnswers,
    /// Nothing comes of it.
    Mute,
    Works,
}

/// One WebSocket or one HTTP exchange of one tab.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Link {
    pub(crate) tab: usize,
    pub(crate) carrier: CarrierId,
}

impl Link {
    const TAB: u64 = 1 << 32;

    /// The name that the server's driver gives it.
    pub(crate) fn at_server(self) -> CarrierId {
        CarrierId(self.tab as u64 * Self::TAB + self.carrier.0)
    }

    pub(crate) fn of(at_server: CarrierId) -> Self {
        Self {
            tab: (at_server.0 / Self::TAB) as usize,
            carrier: CarrierId(at_server.0 % Self::TAB),
        }
    }
}

/// How a link is doing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Condition {
    pub(crate) is_socket: bool,
    pub(crate) held: bool,
    /// Nothing passes any more, and nobody is told.
    pub(crate) silent: bool,
    /// The client is not interested any more.
    pub(crate) left: bool,
}

/// Something on its way.
#[derive(Debug)]
pub(crate) enum Delivery {
    Cut(Link),
    ToClient(Link, ClientFact),
    ToServer(Link, ServerFact),
}

impl Delivery {
    pub(crate) const fn link(&self) -> Link {
        match self {
            Self::Cut(link) | Self::ToClient(link, _) | Self::ToServer(link, _) => *link,
        }
    }
}

#[derive(Debug)]
pub(crate) enum ClientFact {
    Answer {
        status: u16,
        body: Vec<u8>,
        retry_after: Option<Duration>,
    },
    Closed(u16, String),
    Failed,
    Message(Vec<u8>),
    Opened,
    Writable,
}

#[derive(Debug)]
pub(crate) enum ServerFact {
    Closed,
    Message(Vec<u8>),
    Request(Vec<u8>),
    Writable,
}
