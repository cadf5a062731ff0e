//! Why a carrier or a session ends, and what the client does about it.

use alloc::string::String;
use core::time::Duration;

/// The number that says why a connection was closed: RFC 6455 section 7.4, and private codes that mirror HTTP.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// The purpose is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// An endpoint goes away: the page is left, the server stops.
    pub const GOING_AWAY: Self = Self(1001);
    /// A frame broke RFC 6455.
    pub const PROTOCOL: Self = Self(1002);
    /// A kind of data that the endpoint does not take: the session protocol is binary.
    pub const UNSUPPORTED: Self = Self(1003);
    /// No close frame came. It never travels.
    pub const ABNORMAL: Self = Self(1006);
    /// A message beyond what the endpoint takes.
    pub const TOO_BIG: Self = Self(1009);
    /// The server met a condition it did not expect.
    pub const INTERNAL: Self = Self(1011);
    /// A packet that breaks the session protocol's grammar or order.
    pub const MALFORMED: Self = Self(4400);
    /// Credentials are missing or no longer good.
    pub const UNAUTHENTICATED: Self = Self(4401);
    /// The credentials are good and not enough.
    pub const FORBIDDEN: Self = Self(4403);
    /// No such session; the server has forgotten it or never had it.
    pub const UNKNOWN_SESSION: Self = Self(4404);
    /// The first frame, or a request's body, came too late.
    pub const TIMEOUT: Self = Self(4408);
    /// Another attach with a higher number holds the session.
    pub const SUPERSEDED: Self = Self(4409);
    /// The session was not heard of for longer than its life.
    pub const EXPIRED: Self = Self(4410);
    /// A message, a packet or a window limit was exceeded.
    pub const TOO_LARGE: Self = Self(4413);
    /// A content type that the endpoint does not take.
    pub const WRONG_KIND: Self = Self(4415);
    /// A gap in the numbers, or an acknowledgement of what was never sent.
    pub const SEQUENCE: Self = Self(4422);
    /// A protocol version that is not spoken.
    pub const VERSION: Self = Self(4426);
    /// Too many frames, attaches or sessions.
    pub const RATE: Self = Self(4429);
    /// The server is about to stop or is full; come back later.
    pub const DRAINING: Self = Self(4503);

    /// What a client does when a session or an attach ends with this code.
    pub const fn reaction(self) -> Reaction {
        match self.0 {
            1000 | 4403 | 4413 | 4415 | 4426 => Reaction::GiveUp,
            4401 => Reaction::Reauthenticate,
            4404 | 4410 | 4422 => Reaction::NewSession,
            4409 => Reaction::Superseded,
            _ => Reaction::Retry,
        }
    }

    /// Whether a client may close its session with this code: a normal end, a page that goes away, or an application's own
    /// (RFC 6455 section 7.4.2), as browsers allow it in `close`.
    pub(crate) const fn is_of_a_client(self) -> bool {
        matches!(self.0, 1000 | 1001 | 3000..=4999)
    }

    /// The HTTP status that says the same.
    pub const fn http_status(self) -> u16 {
        match self.0 {
            4400..=4599 => self.0 - 4000,
            1000 => 410,
            1002 | 1003 | 1007 => 400,
            1009 => 413,
            1011 => 500,
            _ => 503,
        }
    }
}

/// What a client does about a refusal or a close.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reaction {
    /// Nothing can be gained by trying again: the client is closed.
    GiveUp,
    /// The session is gone: the loss is reported and a new session begins.
    NewSession,
    /// Ask the application for fresh credentials, then try again.
    Reauthenticate,
    /// Try again after a backoff, or after the delay that the server advises.
    Retry,
    /// Another client took the session over: this one is closed and does not fight.
    Superseded,
}

/// A close or a refusal as it travels: code, advised delay, reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Close {
    /// Why.
    pub code: CloseCode,
    /// How long the peer asks to wait before the next attempt; clients cap it at five minutes.
    pub retry_after: Option<Duration>,
    /// `name: human text`, at most 123 bytes of UTF-8, never an echo of input.
    pub reason: String,
}

impl Close {
    /// The longest reason that a close frame can carry, in bytes (RFC 6455 section 5.5).
    pub const MAX_REASON: usize = 123;

    /// A close with this code and reason; a longer reason is cut at a character boundary.
    pub fn new(code: CloseCode, reason: &str) -> Self {
        Self {
            code,
            retry_after: None,
            reason: Self::cut(reason).into(),
        }
    }

    /// As much of a reason as a close frame can carry.
    pub(crate) fn cut(reason: &str) -> &str {
        let end = reason.floor_char_boundary(Self::MAX_REASON);
        reason.get(..end).unwrap_or_default()
    }

    /// What a server answers to the close of its client, whose own code and reason it repeats to nobody.
    pub(crate) fn done() -> Self {
        Self::new(CloseCode::NORMAL, "done: the client closed the session")
    }

    /// The same close with advice to wait.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The short name in front of the colon, or the whole reason where there is none.
    pub fn name(&self) -> &str {
        let colon = self.reason.bytes().position(|byte| byte == b':');
        let name = colon.and_then(|end| self.reason.get(..end));
        name.unwrap_or(&self.reason)
    }
}
