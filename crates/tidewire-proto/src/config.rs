//! What can be set, and why each default is what it is.

use core::time::Duration;

use crate::payload::Payload;
use crate::transport::Transport;

/// Sizes that a side allows itself and tells its peer.
///
/// They hold for the life of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest message in bytes that this side takes. Default 1 MiB; of a server at least 64 KiB, which a client may send before
    /// it is told.
    pub max_message: u64,
    /// Bytes that the peer may have sent and this side's application not yet taken. Default 2 MiB; at least one message
    /// of [`max_message`](Self::max_message) fits in any case.
    pub window_bytes: u64,
    /// Messages that the peer may have sent and this side's application not yet taken. Default 4,096.
    pub window_messages: u64,
    /// Bytes that this side keeps for messages not yet acknowledged, each counted with
    /// [`MESSAGE_COST`](Self::MESSAGE_COST) on top. Default 4 MiB.
    pub outbox_bytes: usize,
    /// Messages not yet acknowledged that this side keeps. Default 8,192.
    pub outbox_messages: usize,
}

impl Limits {
    /// What a message is counted for beyond its bytes, so that many small ones cannot hide their memory.
    pub const MESSAGE_COST: usize = 64;

    /// Bytes that any peer takes before it has told its window.
    pub const INITIAL_WINDOW_BYTES: u64 = 64 * 1024;

    /// Messages that any peer takes before it has told its window.
    pub const INITIAL_WINDOW_MESSAGES: u64 = 256;

    /// The same limits with another longest message, in bytes.
    #[must_use]
    pub const fn max_message(mut self, bytes: u64) -> Self {
        self.max_message = bytes;
        self
    }

    /// The same limits with another receive window.
    #[must_use]
    pub const fn window(mut self, bytes: u64, messages: u64) -> Self {
        self.window_bytes = bytes;
        self.window_messages = messages;
        self
    }

    /// The same limits with another bound on what is kept until it is acknowledged.
    #[must_use]
    pub const fn outbox(mut self, bytes: usize, messages: usize) -> Self {
        self.outbox_bytes = bytes;
        self.outbox_messages = messages;
        self
    }

    /// Names the first field that makes no sense: everything must be above zero, and the window at least the
    /// [initial window](Self::INITIAL_WINDOW_BYTES), since a client counts on it before it is told.
    pub fn check(&self) -> Result<(), ConfigError> {
        let field = if self.max_message == 0 {
            "max_message"
        } else if self.window_bytes < Self::INITIAL_WINDOW_BYTES {
            "window_bytes"
        } else if self.window_messages < Self::INITIAL_WINDOW_MESSAGES {
            "window_messages"
        } else if self.outbox_bytes <= Self::MESSAGE_COST {
            "outbox_bytes"
        } else if self.outbox_messages == 0 {
            "outbox_messages"
        } else {
            return Ok(());
        };
        Err(ConfigError { field })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message: 1024 * 1024,
            window_bytes: 2 * 1024 * 1024,
            window_messages: 4_096,
            outbox_bytes: 4 * 1024 * 1024,
            outbox_messages: 8_192,
        }
    }
}

/// What happens to a message that finds the outbox full.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OverflowPolicy {
    /// The newest message, the one being sent, is dropped and reported as dropped.
    DropNewest,
    /// The oldest messages that were not yet transmitted are dropped and reported, until the new one fits.
    DropOldest,
    /// `send` refuses and hands the message back.
    Refuse,
    /// `send` refuses and hands the message back; an asynchronous `send` waits for room and tries again.
    #[default]
    Wait,
}

/// How a client connects.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Mode {
    /// Any WebSocket server, without the session protocol: messages are delivered at most once.
    Bare(BareConfig),
    /// A tidewire server: exactly once and in order.
    Session,
}

/// What a client in bare mode does to find out whether its server is alive.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BareConfig {
    /// A message of the application's choice and the interval at which it is sent, above zero. Default none.
    pub heartbeat: Option<(Payload, Duration)>,
    /// How long the server may be silent before the connection counts as dead, above zero. Default none: never.
    pub idle_timeout: Option<Duration>,
}

impl BareConfig {
    /// Names what would leave the page no pause.
    fn check(&self) -> Option<&'static str> {
        let zero = |span: Option<Duration>| span.is_some_and(|span| span.is_zero());
        if zero(self.heartbeat.as_ref().map(|(_, interval)| *interval)) {
            Some("heartbeat")
        } else if zero(self.idle_timeout) {
            Some("idle_timeout")
        } else {
            None
        }
    }
}

/// The settings of a client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Session protocol or bare WebSocket. Default [`Mode::Session`].
    pub mode: Mode,
    /// The transports that may be used, by [`Transport`]'s order. Default all three.
    pub transports: [bool; 3],
    /// The transport that worked last time, if known: the race starts there at once. Default none.
    pub remembered: Option<Transport>,
    /// Sizes. See [`Limits`].
    pub limits: Limits,
    /// Head start of the WebSocket before HTTP starts beside it. Default 250 ms, as RFC 8305 section 8 advises.
    pub stagger: Duration,
    /// Time a WebSocket has from the attempt to the first frame of the server. Default 10 s; longer would block every other
    /// WebSocket of the browser to that host (RFC 6455 section 4.1 allows one connecting socket).
    pub handshake_timeout: Duration,
    /// Time the application has to give URL and credentials. Default 10 s.
    pub prepare_timeout: Duration,
    /// Time an HTTP exchange has that the server does not hold. Default 8 s.
    pub request_timeout: Duration,
    /// How long the server may hold a long poll. Default 12 s: the end of a hold is this transport's heartbeat, and a
    /// dead peer must be found within 20 s. With a longer one it is found later by as much.
    pub hold: Duration,
    /// Shortest interval of scheduled polling, 1 ms or more. Default 500 ms. What has more behind it, and what is sent, goes sooner.
    pub polling_floor: Duration,
    /// Longest interval of scheduled polling. Default 5 s.
    pub polling_ceiling: Duration,
    /// Silence of a WebSocket after which it is probed. Default 15 s, just above the server's heartbeat of 12 s. The
    /// heartbeat that the server tells and 3 s take the place of anything shorter.
    pub silence: Duration,
    /// Time that an answer to a probe may take: after silence, and after an event that wakes the page. Default 2 s: a dead connection is found within 3 s of a wake-up, a second of which browsers may need.
    pub probe_timeout: Duration,
    /// First bound of the backoff, which doubles with each failure; 1 ms or more. Default 500 ms.
    pub backoff_base: Duration,
    /// Last bound of the backoff. Default 45 s: about 35 attempts in an outage of ten minutes.
    pub backoff_cap: Duration,
    /// How long a carrier must work before past failures are forgotten. Default 10 s.
    pub stable_after: Duration,
    /// First bound of the delay between background probes for a better transport. Default 5 s; it doubles up to five minutes.
    pub promotion_base: Duration,
    /// How long an acknowledgement may wait for a packet to ride on. Default 25 ms on WebSocket, 8 times that on HTTP. With
    /// scheduled polling it is at least `polling_floor`, up to 1 s, so that it rides on the next poll.
    pub ack_delay: Duration,
    /// How long `close` waits for what was sent before it to be acknowledged. Default 5 s.
    pub close_timeout: Duration,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            mode: Mode::Session,
            transports: [true; 3],
            remembered: None,
            limits: Limits::default(),
            stagger: Duration::from_millis(250),
            handshake_timeout: Duration::from_secs(10),
            prepare_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(8),
            hold: Duration::from_secs(12),
            polling_floor: Duration::from_millis(500),
            polling_ceiling: Duration::from_secs(5),
            silence: Duration::from_secs(15),
            probe_timeout: Duration::from_secs(2),
            backoff_base: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(45),
            stable_after: Duration::from_secs(10),
            promotion_base: Duration::from_secs(5),
            ack_delay: Duration::from_millis(25),
            close_timeout: Duration::from_secs(5),
        }
    }
}

/// The shortest time that can be the first of a growing row.
const LEAST_GROWING: Duration = Duration::from_millis(1);

impl ClientConfig {
    /// Whether `transport` may be used.
    pub const fn allows(&self, transport: Transport) -> bool {
        match self.mode {
            Mode::Bare(_) => matches!(transport, Transport::WebSocket),
            Mode::Session => self.transports[transport.index()],
        }
    }

    /// Names the first field that makes no sense: a zero or inverted time, one that is too short to grow, or no transport at all.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.limits.check()?;
        let mut transports = Transport::ALL.into_iter();
        let field = if !transports.any(|transport| self.allows(transport)) {
            "transports"
        } else if self.handshake_timeout.is_zero() {
            "handshake_timeout"
        } else if self.prepare_timeout.is_zero() {
            "prepare_timeout"
        } else if self.request_timeout.is_zero() {
            "request_timeout"
        } else if self.hold.is_zero() {
            "hold"
        } else if self.polling_floor < LEAST_GROWING {
            "polling_floor"
        } else if self.polling_ceiling < self.polling_floor {
            "polling_ceiling"
        } else if self.silence.is_zero() {
            "silence"
        } else if self.probe_timeout.is_zero() {
            "probe_timeout"
        } else if self.backoff_base < LEAST_GROWING {
            "backoff_base"
        } else if self.backoff_cap < self.backoff_base {
            "backoff_cap"
        } else if self.promotion_base.is_zero() {
            "promotion_base"
        } else if let Mode::Bare(bare) = &self.mode
            && let Some(field) = bare.check()
        {
            field
        } else {
            return Ok(());
        };
        Err(ConfigError { field })
    }
}

/// The settings of a server's sessions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Sizes. See [`Limits`].
    pub limits: Limits,
    /// How long a session lives without any contact with its client. Default 2 minutes. It must be longer than
    /// [`heartbeat`](Self::heartbeat) and [`heartbeat_grace`](Self::heartbeat_grace) together, and than the longest hold: a
    /// quiet client is not heard of in between, and its session would expire while it is connected.
    pub life: Duration,
    /// How long a session lives without a message in either direction, contact or not. Default none: for ever.
    pub idle_expiry: Option<Duration>,
    /// Silence in either direction after which the server pings. Default 12 s.
    pub heartbeat: Duration,
    /// How long an unanswered ping leaves a carrier alive. Default 7 s: with the heartbeat, a dead client is found in 19 s.
    pub heartbeat_grace: Duration,
    /// Longest time a poll is held, whatever the client asks. Default 25 s.
    pub max_hold: Duration,
    /// How long the answer to a request with messages waits for the application to take them, so that the
    /// acknowledgement rides on it. Default 50 ms.
    pub answer_delay: Duration,
    /// How long an acknowledgement may wait for a packet to ride on. Default 25 ms on WebSocket, 8 times that on HTTP.
    pub ack_delay: Duration,
    /// Attaches that a session may make at once, and again per 10 s. Default 100.
    pub attach_burst: u32,
    /// Frames without a message that a carrier may send at once, and again per second. Default 1,000.
    pub control_burst: u32,
    /// How long `close` waits for what was sent before it to be acknowledged. Default 8 s: a client that polls on a schedule
    /// may come only after 5 s, and tells what it took up to 1 s later.
    pub close_timeout: Duration,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            life: Duration::from_secs(120),
            idle_expiry: None,
            heartbeat: Duration::from_secs(12),
            heartbeat_grace: Duration::from_secs(7),
            max_hold: Duration::from_secs(25),
            answer_delay: Duration::from_millis(50),
            ack_delay: Duration::from_millis(25),
            attach_burst: 100,
            control_burst: 1_000,
            close_timeout: Duration::from_secs(8),
        }
    }
}

impl SessionConfig {
    /// Names the first field that makes no sense: a zero time or rate, a longest message below what clients may send before they
    /// are told (64 KiB), or a life within which a quiet client need not be heard of.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.limits.check()?;
        let quiet = self
            .max_hold
            .max(self.heartbeat.saturating_add(self.heartbeat_grace));
        let field = if self.limits.max_message < Limits::INITIAL_WINDOW_BYTES {
            "max_message"
        } else if self.life <= quiet {
            "life"
        } else if self.idle_expiry.is_some_and(|idle| idle.is_zero()) {
            "idle_expiry"
        } else if self.heartbeat.is_zero() {
            "heartbeat"
        } else if self.heartbeat_grace.is_zero() {
            "heartbeat_grace"
        } else if self.max_hold.is_zero() {
            "max_hold"
        } else if self.attach_burst == 0 {
            "attach_burst"
        } else if self.control_burst == 0 {
            "control_burst"
        } else {
            return Ok(());
        };
        Err(ConfigError { field })
    }
}

/// A setting that makes no sense; the caller's fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ConfigError {
    /// The name of the field.
    pub field: &'static str,
}

impl core::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the setting `")?;
        f.write_str(self.field)?;
        f.write_str("` is zero, too small or above its counterpart; see its documentation")
    }
}

impl core::error::Error for ConfigError {}
