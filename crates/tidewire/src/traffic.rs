//! What goes over the network, told while it happens.

#![cfg_attr(
    not(feature = "observe"),
    allow(
        dead_code,
        unreachable_pub,
        reason = "without the feature nobody is told"
    )
)]

use tidewire_proto::Transport;

/// Something that a client did on the network, or that came from there: sizes, never contents. See
/// [`Builder::observe`](crate::Builder::observe).
///
/// Bytes are those of bodies and of WebSocket messages, without the headers and the framing around them, as in
/// [`Stats`](crate::Stats). An `id` names one request or one socket of this client; none is used twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Traffic {
    /// The page is being left, and a last request went out that outlives it. Nobody hears how it ends, and
    /// [`Stats`](crate::Stats) do not count it.
    Flushed {
        /// Bytes of its body.
        bytes: usize,
    },
    /// A packet came: one WebSocket message.
    PacketReceived {
        /// On which socket.
        id: u64,
        /// Its bytes.
        bytes: usize,
    },
    /// A packet was handed to the browser: one WebSocket message.
    PacketSent {
        /// On which socket.
        id: u64,
        /// Its bytes.
        bytes: usize,
    },
    /// A request is over. Each that started ends once.
    RequestEnded {
        /// Which.
        id: u64,
        /// How.
        outcome: RequestOutcome,
    },
    /// A request was handed to the browser.
    RequestStarted {
        /// Its name.
        id: u64,
        /// The transport that it serves: long polling or polling.
        transport: Transport,
        /// Whether the server may hold the answer until it has something to say.
        held: bool,
        /// Bytes of its body.
        bytes: usize,
    },
    /// A socket is closed, or failed to open, or is wanted no more. Each that was opening ends so, once.
    SocketClosed {
        /// Which.
        id: u64,
    },
    /// A socket's handshake is done.
    SocketOpened {
        /// Which.
        id: u64,
    },
    /// A socket's handshake begins.
    SocketOpening {
        /// Its name.
        id: u64,
    },
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RequestOutcome {
    /// The client wanted it no more.
    Aborted,
    /// The server, or something on the way to it, answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// Bytes of the body.
        bytes: usize,
    },
    /// No answer came: the network, a cross-origin refusal, or a cut within the body.
    Failed,
}

/// The application's observer.
#[cfg(feature = "observe")]
pub(crate) type Observe = Box<dyn Fn(&Traffic)>;
