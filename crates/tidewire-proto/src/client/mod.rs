//! The client's side: one state machine from `connect` to `close`, through all sessions and carriers.

mod carriers;
mod close;
mod http;
mod liveness;
mod race;
mod receive;
mod session;
mod socket;
mod timers;
mod transmit;

pub use http::Answer;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use carriers::{Active, Http, Socket};

use crate::backoff::Backoff;
use crate::close::Close;
use crate::config::{ClientConfig, ConfigError, Mode, OverflowPolicy};
use crate::entropy::Entropy;
use crate::error::{SendError, SendErrorKind};
use crate::event::{Cause, Event, Output, State};
use crate::id::{CarrierId, MessageId, SessionKey, SessionNumber};
use crate::ladder::Ladder;
use crate::payload::Payload;
use crate::stats::Stats;
use crate::stream::{Duplex, Inbox};
use crate::time::{Span, Timestamp};
use crate::transport::Transport;

/// A client of one server, from `connect` to `close`: sans-IO.
///
/// Its methods are of four kinds.
///
/// - Commands in: [`connect`](Self::connect), [`send`](Self::send), [`consumed`](Self::consumed), [`close`](Self::close),
///   [`abandon`](Self::abandon), [`flush_for_unload`](Self::flush_for_unload), which gives a last request's body.
/// - Facts in: the `handle_…` methods. A fact about a carrier that is no longer wanted is ignored.
/// - Out: [`poll_output`](Self::poll_output), [`poll_timeout`](Self::poll_timeout).
/// - Getters, which change nothing.
///
/// The one rule of the loop: after commands and facts, drain `poll_output` until it gives `None`, then arm one timer for
/// `poll_timeout`. A driver that drains once at the end of a turn of its event loop thereby batches what was sent in it.
///
/// ```
/// use tidewire_proto::{Client, ClientConfig, Output, Timestamp};
///
/// let mut random = 7_u64; // crypto.getRandomValues in a browser
/// let entropy = move || {
///     random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
///     random
/// };
/// let mut client = Client::new(ClientConfig::default(), Box::new(entropy))?;
///
/// client.connect(Timestamp::ZERO);
/// assert_eq!(client.poll_output(Timestamp::ZERO), Some(Output::Prepare { reauthenticate: false }));
/// client.handle_prepared(Timestamp::ZERO, Ok(Vec::new()));
/// assert!(matches!(client.poll_output(Timestamp::ZERO), Some(Output::OpenSocket { .. })));
/// # Ok::<(), tidewire_proto::ConfigError>(())
/// ```
pub struct Client {
    config: ClientConfig,
    entropy: Box<dyn Entropy>,
    phase: Phase,
    closing: Option<Closing>,

    key: SessionKey,
    instance: u32,
    session: SessionNumber,
    /// The highest attach number given out.
    attach: u64,
    /// The server knows this session.
    welcomed: bool,
    /// The public name that the server gave this session.
    server_session: Option<u64>,
    /// The application was told of this session.
    announced: bool,
    pub(crate) duplex: Duplex,
    /// Messages of lost sessions that the application has not taken.
    left_over: Vec<(SessionNumber, Inbox)>,
    token: Vec<u8>,
    reauthenticate: bool,
    heartbeat: Span,

    sockets: Vec<Socket>,
    http: Option<Http>,
    active: Active,
    live_since: Timestamp,
    stable_at: Option<Timestamp>,
    /// A carrier of this session has worked for the stable time.
    has_lasted: bool,
    drain_at: Option<Timestamp>,
    next_carrier: u64,
    next_ping: u64,
    /// Message bytes of one HTTP request, as the link has proved to carry them.
    request_room: usize,

    ladder: Ladder,
    backoff: Backoff,
    last_attempt: Option<Timestamp>,
    /// The server asked not to come back before this time.
    not_before: Timestamp,
    hold_permitted: bool,
    hidden: bool,

    outputs: VecDeque<Output>,
    told_state: State,
    told_transport: Option<Transport>,
    now: Timestamp,
    armed: Option<Timestamp>,
    beat_at: Option<Timestamp>,
    stats: Stats,
    #[cfg(feature = "planted-bugs")]
    pub(crate) bug: Option<crate::planted::Bug>,
}

/// Where the connection stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Closed,
    Idle,
    Open,
    /// The application owes URL and credentials.
    Preparing {
        deadline: Timestamp,
    },
    /// Carriers are tried; HTTP joins at `stagger_at`.
    Racing {
        stagger_at: Option<Timestamp>,
    },
    Waiting {
        until: Timestamp,
    },
}

/// A graceful close on its way.
#[derive(Debug)]
struct Closing {
    close: Close,
    deadline: Timestamp,
    /// The exchange that told the server, over HTTP.
    told: Option<CarrierId>,
}

impl Client {
    /// A client that is not connected yet. `entropy` must be the platform's cryptographic generator: it draws the session key.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the first setting that makes no sense.
    pub fn new(config: ClientConfig, mut entropy: Box<dyn Entropy>) -> Result<Self, ConfigError> {
        let key = SessionKey::draw(entropy.as_mut());
        Self::with_key(config, entropy, key)
    }

    /// A client with a session key that was drawn elsewhere: for tests, and to show what a cloned tab does.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the first setting that makes no sense.
    #[inline(never)] // Built in place, it is moved as a whole and not field by field.
    pub fn with_key(
        config: ClientConfig,
        mut entropy: Box<dyn Entropy>,
        key: SessionKey,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let instance = entropy.next_u64() as u32;
        Ok(Self {
            phase: Phase::Idle,
            closing: None,
            key,
            instance,
            session: SessionNumber(1),
            attach: 0,
            welcomed: false,
            server_session: None,
            announced: false,
            duplex: Duplex::new(&config.limits, 1),
            left_over: Vec::new(),
            token: Vec::new(),
            reauthenticate: false,
            heartbeat: Span::ZERO,
            sockets: Vec::new(),
            http: None,
            active: Active::None,
            live_since: Timestamp::ZERO,
            stable_at: None,
            has_lasted: false,
            drain_at: None,
            next_carrier: 0,
            next_ping: 0,
            request_room: transmit::REQUEST_ROOM,
            ladder: Ladder::new(config.remembered, config.promotion_base.into()),
            backoff: Backoff::new(config.backoff_base.into(), config.backoff_cap.into()),
            last_attempt: None,
            not_before: Timestamp::ZERO,
            hold_permitted: true,
            hidden: false,
            outputs: VecDeque::new(),
            told_state: State::Connecting,
            told_transport: None,
            now: Timestamp::ZERO,
            armed: None,
            beat_at: None,
            stats: Stats::default(),
            #[cfg(feature = "planted-bugs")]
            bug: None,
            entropy,
            config,
        })
    }

    /// Starts to connect; no effect on a client that was started before.
    pub fn connect(&mut self, now: Timestamp) {
        self.now = now;
        if self.phase == Phase::Idle {
            self.start_attempt(now);
        }
    }

    /// Sends a message: it is accepted and its fate told by events under the name that comes back, or it is handed back.
    ///
    /// # Errors
    ///
    /// [`SendErrorKind::Closed`] once the client is closing or closed, [`SendErrorKind::TooLarge`] beyond what the server takes
    /// (what this side takes, until the server has said), [`SendErrorKind::Full`] when the outbox is full and the policy drops
    /// nothing or can drop nothing.
    pub fn send(
        &mut self,
        now: Timestamp,
        payload: Payload,
        policy: OverflowPolicy,
    ) -> Result<MessageId, SendError> {
        self.now = now;
        if self.closing.is_some() || self.phase == Phase::Closed {
            let kind = SendErrorKind::Closed;
            return Err(SendError { payload, kind });
        }
        let mut refused = match self.duplex.outbox.push(payload) {
            Ok(id) => {
                self.stats.messages_sent += 1;
                return Ok(id);
            }
            Err(refused) => refused,
        };
        if refused.kind != SendErrorKind::Full {
            return Err(refused);
        }
        match policy {
            OverflowPolicy::Refuse | OverflowPolicy::Wait => Err(refused),
            // Nothing is dropped in vain.
            OverflowPolicy::DropOldest
                if !self.duplex.outbox.can_make_room(refused.payload.len()) =>
            {
                Err(refused)
            }
            OverflowPolicy::DropNewest => {
                let id = self.duplex.outbox.draw_id();
                self.stats.messages_sent += 1;
                self.emit(Event::Dropped {
                    id,
                    payload: refused.payload,
                });
                Ok(id)
            }
            OverflowPolicy::DropOldest => loop {
                let Some((id, payload)) = self.duplex.outbox.drop_oldest() else {
                    return Err(refused);
                };
                self.emit(Event::Dropped { id, payload });
                refused = match self.duplex.outbox.push(refused.payload) {
                    Ok(id) => {
                        self.stats.messages_sent += 1;
                        return Ok(id);
                    }
                    Err(refused) => refused,
                };
            },
        }
    }

    /// Where the client stands.
    pub const fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Idle | Phase::Preparing { .. } | Phase::Racing { .. } => State::Connecting,
            Phase::Open => match self.transport() {
                Some(transport) => State::Open(transport),
                None => State::Connecting,
            },
            Phase::Waiting { until } => State::Waiting(until),
        }
    }

    /// What carries the session; `None` while nothing does.
    pub const fn transport(&self) -> Option<Transport> {
        match self.active {
            Active::None => None,
            Active::Http => Some(self.http_transport()),
            Active::Socket(_) => Some(Transport::WebSocket),
        }
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats;
        stats.outbox_messages = self.duplex.outbox.len();
        stats.outbox_bytes = self.duplex.outbox.held_bytes();
        stats.duplicates_dropped += self.duplex.inbox.duplicates();
        stats
    }

    /// The longest message that the server takes, in bytes; what this side takes, until the server has said.
    pub fn max_message(&self) -> u64 {
        self.duplex.outbox.max_message()
    }

    /// Bytes held for the server and for the application, each message counted with its fixed cost.
    pub fn held_bytes(&self) -> usize {
        let left_over = self.left_over.iter().map(|(_, inbox)| inbox.held_bytes());
        self.duplex.held_bytes() + left_over.sum::<usize>()
    }

    /// Which session this is, from 1.
    pub const fn session(&self) -> SessionNumber {
        self.session
    }

    /// Whether a long poll would be held if this tab may: HTTP carries the session or is tried.
    pub const fn wants_hold(&self) -> bool {
        self.http.is_some() && self.config.allows(Transport::LongPolling)
    }

    const fn is_bare(&self) -> bool {
        matches!(self.config.mode, Mode::Bare(_))
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn draw_carrier(&mut self) -> CarrierId {
        self.next_carrier += 1;
        CarrierId(self.next_carrier)
    }

    fn draw_attach(&mut self) -> u64 {
        self.attach += 1;
        self.attach
    }

    fn draw_ping(&mut self) -> u64 {
        self.next_ping += 1;
        self.next_ping
    }

    /// The application's provider has answered: the token travels in the first frame of each carrier.
    pub fn handle_prepared(&mut self, now: Timestamp, token: Result<Vec<u8>, String>) {
        self.now = now;
        if !matches!(self.phase, Phase::Preparing { .. }) {
            return;
        }
        match token {
            Ok(token) => {
                self.token = token;
                self.reauthenticate = false;
                self.race(now);
            }
            Err(why) => self.retry(now, Cause::Provider(why)),
        }
    }
}

impl fmt::Debug for Client {
    /// Shows neither key nor token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("phase", &self.phase)
            .field("active", &self.active)
            .field("session", &self.session)
            .field("attach", &self.attach)
            .finish_non_exhaustive()
    }
}
