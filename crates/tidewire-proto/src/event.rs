//! What the state machines tell: the application through events, the driver through outputs.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::close::Close;
use crate::id::{CarrierId, MessageId, SessionNumber};
use crate::payload::Payload;
use crate::time::Timestamp;
use crate::transport::Transport;

/// Where a client stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// The client is closed for good; nothing more comes.
    Closed,
    /// Carriers are being tried.
    Connecting,
    /// The session is carried by this transport.
    Open(Transport),
    /// The next attempt starts at this time.
    Waiting(Timestamp),
}

/// What the server said about an attach.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// A new session began.
    Fresh,
    /// The session goes on where it was; these many of our messages had been received by the server.
    Resumed {
        /// Messages of this client that the server had received.
        received: u64,
    },
}

/// A message whose fate is not known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unconfirmed {
    /// The name that `send` gave it.
    pub id: MessageId,
    /// The message itself.
    pub payload: Payload,
    /// Whether any part of it ever left: if not, the peer certainly does not have it.
    pub transmitted: bool,
}

/// Why a session, an attempt or a client ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// The application asked for it.
    ByApplication,
    /// The connection broke or never came about.
    Broken,
    /// What answers at the URL does not speak the protocol: a captive portal, a proxy's error page, another server.
    NotTidewire {
        /// HTTP status of the answer; 0 where none is known.
        status: u16,
    },
    /// The peer broke the protocol; the text names the rule.
    PeerMisbehaved(&'static str),
    /// The application's provider of URL and credentials failed or took too long.
    Provider(String),
    /// The peer closed or refused, and said why.
    Refused(Close),
    /// Nothing was heard for too long.
    TimedOut,
}

/// What the application of a client hears.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The peer's application has this message and all that were sent before it, dropped ones apart.
    Acknowledged(MessageId),
    /// There is room in the outbox again after a refusal.
    Capacity,
    /// The client is closed for good. These messages were never acknowledged.
    Closed {
        /// Why.
        cause: Cause,
        /// What was never acknowledged, oldest first.
        unconfirmed: Vec<Unconfirmed>,
    },
    /// The session is carried (again).
    Connected {
        /// By which transport.
        transport: Transport,
        /// New or resumed.
        verdict: Verdict,
    },
    /// A message was dropped by the overflow policy, or is longer than the server takes.
    Dropped {
        /// The name that `send` gave it.
        id: MessageId,
        /// The message itself.
        payload: Payload,
    },
    /// The connection failed; the next attempt follows.
    Hiccup {
        /// Why.
        cause: Cause,
        /// Time until the next attempt.
        retry_in: Duration,
    },
    /// The session is lost; a new one begins. These messages may or may not have arrived.
    Lost {
        /// Why.
        cause: Cause,
        /// What was never acknowledged, oldest first.
        unconfirmed: Vec<Unconfirmed>,
    },
    /// A message of the peer. Call `consumed` with this session once the application has it.
    Message {
        /// The session that brought it.
        session: SessionNumber,
        /// The message.
        payload: Payload,
    },
    /// This message and all that were sent before it, dropped ones apart, have left for the first time: handed to a carrier,
    /// which may fail. In bare mode nothing more becomes known of them.
    Sent(MessageId),
    /// The state changed.
    State(State),
    /// The session moved from one transport to another.
    TransportChanged {
        /// The transport that carried it.
        from: Transport,
        /// The transport that carries it now.
        to: Transport,
    },
}

/// What a driver of a [`Client`](crate::Client) must do, in this order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output {
    /// Abandon this HTTP exchange. Facts about it that come later are ignored.
    Abort {
        /// The exchange.
        carrier: CarrierId,
    },
    /// Detach the handlers of this WebSocket and close it; do not wait for its close event.
    CloseSocket {
        /// The socket.
        carrier: CarrierId,
        /// The code, where one is to be sent (1000, or 3000 to 4999 as browsers allow).
        close: Option<Close>,
    },
    /// Hand this to the application.
    Event(Event),
    /// Open a WebSocket; report `handle_opened`, then `handle_message`, then `handle_closed`.
    OpenSocket {
        /// The name of the socket to open.
        carrier: CarrierId,
    },
    /// Ask the application for URL and credentials; report `handle_prepared`.
    Prepare {
        /// The last ones were refused as unauthenticated.
        reauthenticate: bool,
    },
    /// Send a POST with this body; report `handle_answer` or `handle_failed`.
    Request {
        /// The name of the exchange.
        carrier: CarrierId,
        /// The packet to send.
        body: Vec<u8>,
        /// Whether the server may hold the answer (a long poll).
        held: bool,
    },
    /// Send this on the WebSocket; call `handle_writable` when the socket can take more. None follows before that, except the
    /// last word of a client that is dropped or closed, right before `CloseSocket`.
    Transmit {
        /// The socket.
        carrier: CarrierId,
        /// What to send.
        message: Payload,
    },
}

/// Why the next deadline exists: for logs and for tests.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Reason {
    /// An acknowledgement has waited long enough.
    Acknowledge,
    /// The answer to a request has waited long enough.
    Answer,
    /// The delay before the next attempt is over.
    Backoff,
    /// A graceful close has waited long enough.
    Close,
    /// The server asked to move by now.
    Drain,
    /// The session was not heard of, or not used, for too long.
    Expiry,
    /// A heartbeat is due.
    Heartbeat,
    /// A hold is over.
    Hold,
    /// The next scheduled poll is due.
    Poll,
    /// The application owes URL and credentials.
    Prepare,
    /// A probe or a heartbeat was not answered.
    Probe,
    /// It is time to look for a better transport.
    Promotion,
    /// A retired carrier was not used again.
    Retired,
    /// An HTTP exchange takes too long.
    Request,
    /// A carrier does not come about.
    Handshake,
    /// Nothing was heard for a while.
    Silence,
    /// A carrier has worked long enough to be trusted.
    Stable,
    /// HTTP joins the race.
    Stagger,
}

/// Something that happened to the page or the network of a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PageEvent {
    /// The page was hidden; its timers may be throttled to one a minute.
    Hidden,
    /// The browser says that there is no network.
    Offline,
    /// The browser says that there may be a network again.
    Online,
    /// The page came back from the back/forward cache: its sockets are dead, whatever they claim (`pageshow`, persisted).
    Restored,
    /// The page runs again after it was frozen (`resume`), or a timer fired late.
    Resumed,
    /// The page is visible again.
    Visible,
}
