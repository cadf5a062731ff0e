//! The state machine of one client's session.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::admission::{CarrierKind, Opening, refusal_packet};
use super::attach::Refusal;
use super::carrier::{Carrier, Phase, Retired};
use super::output::{SessionEvent, SessionOutput};
use super::transmit::ANSWER_ROOM;
use crate::bucket::Bucket;
use crate::close::Close;
use crate::config::SessionConfig;
use crate::error::{SendError, SendErrorKind, Violation};
use crate::event::Cause;
use crate::id::{CarrierId, MessageId, SessionKey};
use crate::payload::Payload;
use crate::stream::{Duplex, PeerLimits};
use crate::time::{Span, Timestamp};
use crate::transport::Transport;
use crate::wire::{Hello, HelloMode, Position};

/// One client's session on the server: sans-IO, one per session key.
///
/// Its methods are of four kinds.
///
/// - Facts in: [`attach`](Self::attach), [`handle_packet`](Self::handle_packet), [`handle_writable`](Self::handle_writable),
///   [`handle_closed`](Self::handle_closed), [`handle_timeout`](Self::handle_timeout).
/// - Commands in: [`send`](Self::send), [`consumed`](Self::consumed), [`close`](Self::close), [`end`](Self::end),
///   [`drain`](Self::drain).
/// - Out: [`poll_output`](Self::poll_output), [`poll_timeout`](Self::poll_timeout).
/// - Getters, which change nothing.
///
/// The one rule of the loop: after facts and commands, drain `poll_output` until it gives `None`, then arm one timer for
/// `poll_timeout`.
#[derive(Debug)]
pub struct Session {
    pub(super) config: SessionConfig,
    pub(super) id: u64,
    pub(super) key: SessionKey,
    pub(super) instance: u32,
    pub(super) attach: u64,
    pub(crate) duplex: Duplex,
    pub(super) carrier: Carrier,
    pub(super) retired: Vec<Retired>,
    pub(super) outputs: VecDeque<SessionOutput>,
    pub(super) phase: Phase,
    pub(super) last_contact: Timestamp,
    pub(super) last_message: Timestamp,
    pub(super) attaches: Bucket,
    pub(super) sent: u64,
    /// Message bytes of one answer, as the link has proved to carry them.
    pub(super) answer_room: usize,
    /// How far the messages were written to answers.
    pub(super) answered_to: Position,
    /// The client is to be asked to move, in milliseconds, and no carrier has told it yet.
    pub(super) drain: Option<u64>,
    /// The highest nonce of a ping of ours.
    pub(super) pings: u64,
    /// Whether an attach was ever welcomed.
    pub(super) welcomed: bool,
    /// Whether one was welcomed before the attach that holds the session.
    pub(super) resumed: bool,
    /// What the application was last told of the carrier.
    told_transport: Option<Transport>,
    /// Whether the application was ever told of a carrier.
    told: bool,
    #[cfg(feature = "planted-bugs")]
    pub(crate) bug: Option<crate::planted::Bug>,
}

impl Session {
    /// A session for the client that says this hello, with a public name `id` that may be shown and logged.
    ///
    /// The session is not attached yet: call [`attach`](Self::attach) with the same opening.
    pub fn new(now: Timestamp, config: SessionConfig, id: u64, hello: &Hello) -> Self {
        let mut duplex = Duplex::new(&config.limits, 1);
        // Nothing is queued yet, so nothing can be too long.
        let _ = duplex.outbox.handle_limits(PeerLimits {
            max_message: hello.max_message,
            window_bytes: hello.window_bytes,
            window_messages: hello.window_messages,
        });
        Self {
            id,
            key: hello.key,
            instance: hello.instance,
            attach: 0,
            duplex,
            carrier: Carrier::Detached,
            retired: Vec::new(),
            outputs: VecDeque::new(),
            phase: Phase::Active,
            last_contact: now,
            last_message: now,
            attaches: Bucket::new(now, config.attach_burst, Duration::from_secs(10)),
            sent: 0,
            answer_room: ANSWER_ROOM,
            answered_to: Position::default(),
            drain: None,
            pings: 0,
            welcomed: false,
            resumed: false,
            told_transport: None,
            told: false,
            config,
            #[cfg(feature = "planted-bugs")]
            bug: None,
        }
    }

    /// A WebSocket brought its first packet, or an HTTP request its body.
    ///
    /// The answer comes as output: a welcome, a refusal, or silence while a poll is held. Tells whether the packet kept the rules
    /// and its carrier was taken; a driver forgets a session whose very first packet did not.
    pub fn attach(&mut self, now: Timestamp, carrier: CarrierId, opening: &Opening<'_>) -> bool {
        let hello = &opening.hello;
        match self.try_attach(now, carrier, hello) {
            Ok(()) => {}
            Err(Refusal::Closed(close)) => {
                self.refuse(carrier, hello.mode, close);
                return false;
            }
            Err(Refusal::Stale) => {
                self.refuse_stale(now, carrier, hello.mode);
                return false;
            }
        }
        let taken = if hello.mode == HelloMode::Socket {
            self.handle_frames(now, carrier, opening.frames)
        } else {
            self.handle_exchange(now, carrier, opening)
        };
        self.tell_transport();
        taken
    }

    /// A WebSocket that attached, or was retired, brought another packet.
    pub fn handle_packet(&mut self, now: Timestamp, carrier: CarrierId, packet: &[u8]) {
        let current = match &mut self.carrier {
            Carrier::Socket(socket) if socket.id == carrier => {
                socket.last_heard = now;
                socket.overdue = None;
                socket.ping = None;
                self.last_contact = now;
                true
            }
            _ => false,
        };
        if current {
            if packet.is_empty() {
                return self.fail_socket(
                    carrier,
                    Violation::malformed("empty: a packet without a frame").close(),
                );
            }
            // A higher number of its own may have overtaken this hello and then been lost: it asks again.
            if let Ok(opening) = super::read_opening(packet, CarrierKind::Socket)
                && opening.hello.key == self.key
            {
                self.attach(now, carrier, &opening);
            } else {
                self.handle_frames(now, carrier, packet);
            }
            return;
        }
        let Some(index) = self
            .retired
            .iter()
            .position(|retired| retired.id == carrier)
        else {
            return;
        };
        if let Ok(opening) = super::read_opening(packet, CarrierKind::Socket)
            && opening.hello.key == self.key
        {
            self.retired.remove(index);
            self.attach(now, carrier, &opening);
        } else {
            self.handle_late_frames(now, index, packet);
        }
    }

    /// The socket has taken the last packet and can take another.
    pub fn handle_writable(&mut self, carrier: CarrierId) {
        if let Carrier::Socket(socket) = &mut self.carrier
            && socket.id == carrier
        {
            socket.writable = true;
        }
    }

    /// The socket is closed, or the client of an HTTP exchange left without waiting for its answer.
    pub fn handle_closed(&mut self, carrier: CarrierId) {
        self.retired.retain(|retired| retired.id != carrier);
        match &mut self.carrier {
            Carrier::Socket(socket) if socket.id == carrier => self.detach(),
            Carrier::Http(http) => http.open.retain(|exchange| exchange.id != carrier),
            Carrier::Socket(_) | Carrier::Detached => {}
        }
    }

    /// Sends a message to the client.
    ///
    /// # Errors
    ///
    /// [`SendErrorKind::Closed`] once the session is closing, [`SendErrorKind::TooLarge`] beyond what the client takes,
    /// [`SendErrorKind::Full`] until [`SessionEvent::Capacity`]. The message is handed back.
    pub fn send(&mut self, now: Timestamp, payload: Payload) -> Result<MessageId, SendError> {
        if !matches!(self.phase, Phase::Active) {
            let kind = SendErrorKind::Closed;
            return Err(SendError { payload, kind });
        }
        let id = self.duplex.outbox.push(payload)?;
        self.sent += 1;
        self.last_message = now;
        Ok(id)
    }

    /// The application took so many messages; this is what acknowledges them.
    pub fn consumed(&mut self, now: Timestamp, messages: u64) {
        let delay = self.ack_delay();
        self.duplex.consumed(now, delay, messages);
    }

    /// Ends the session gracefully: what was sent before is acknowledged first, or the close timeout passes.
    pub fn close(&mut self, now: Timestamp, close: Close) {
        if matches!(self.phase, Phase::Active) {
            let deadline = now + self.config.close_timeout;
            self.phase = Phase::Closing { close, deadline };
        }
    }

    /// Ends the session at once.
    pub fn end(&mut self, close: &Close) {
        self.finish(close, Cause::ByApplication);
    }

    /// Asks the client to move to another connection within `delay`; one that is away is asked when it comes back.
    pub fn drain(&mut self, delay: Duration) {
        self.drain = Some(delay.as_millis() as u64);
    }

    /// The public name of the session.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The secret of the session.
    pub const fn key(&self) -> &SessionKey {
        &self.key
    }

    /// What carries the session; `None` while it is detached.
    pub const fn transport(&self) -> Option<Transport> {
        self.carrier.transport()
    }

    /// Whether the session is over; nothing more comes of it.
    pub const fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    /// Bytes held for the client and for the application, each message counted with its fixed cost.
    pub fn held_bytes(&self) -> usize {
        self.duplex.held_bytes()
    }

    /// When the client was last heard of.
    pub const fn last_contact(&self) -> Timestamp {
        self.last_contact
    }

    /// Messages received from the client.
    pub const fn received(&self) -> u64 {
        self.duplex.inbox.received()
    }

    /// Messages sent to the client.
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Messages that the client has acknowledged.
    pub const fn acknowledged(&self) -> u64 {
        self.duplex.outbox.acknowledged()
    }

    /// Messages or fragments that came again and were dropped.
    pub const fn duplicates_dropped(&self) -> u64 {
        self.duplex.inbox.duplicates()
    }

    /// The longest message that the client takes, in bytes.
    pub fn max_message(&self) -> u64 {
        self.duplex.outbox.max_message()
    }

    pub(super) fn drop_socket(&mut self, carrier: CarrierId, close: Close) {
        self.outputs.push_back(SessionOutput::Transmit {
            carrier,
            packet: refusal_packet(&close),
        });
        self.outputs
            .push_back(SessionOutput::Disconnect { carrier, close });
    }

    pub(super) fn detach(&mut self) {
        self.carrier = Carrier::Detached;
        self.tell_transport();
    }

    /// Ends the session and everything that carries it.
    pub(super) fn finish(&mut self, close: &Close, cause: Cause) {
        if self.is_ended() {
            return;
        }
        self.phase = Phase::Ended;
        let mut told = true;
        match core::mem::replace(&mut self.carrier, Carrier::Detached) {
            Carrier::Detached => told = false,
            Carrier::Http(http) => {
                told = !http.open.is_empty();
                for exchange in http.open {
                    let answer = self.final_answer(&exchange, close);
                    self.outputs.push_back(answer);
                }
            }
            Carrier::Socket(socket) => self.drop_socket(socket.id, close.clone()),
        }
        for retired in core::mem::take(&mut self.retired) {
            self.drop_socket(retired.id, close.clone());
        }
        let unconfirmed = self.duplex.take_unconfirmed();
        let ended = SessionEvent::Ended {
            cause,
            unconfirmed,
            told,
        };
        self.outputs.push_back(SessionOutput::Event(ended));
    }

    pub(super) fn tell_acknowledged(&mut self, acknowledged: Option<MessageId>) {
        if let Some(id) = acknowledged {
            self.outputs
                .push_back(SessionOutput::Event(SessionEvent::Acknowledged(id)));
            if self.duplex.outbox.take_capacity() {
                self.outputs
                    .push_back(SessionOutput::Event(SessionEvent::Capacity));
            }
        }
    }

    pub(super) fn tell_transport(&mut self) {
        let transport = self.transport();
        if transport == self.told_transport || self.is_ended() {
            return;
        }
        self.told_transport = transport;
        let resumed = core::mem::replace(&mut self.told, true);
        let event = transport.map_or(SessionEvent::Detached, |transport| SessionEvent::Attached {
            transport,
            resumed,
        });
        self.outputs.push_back(SessionOutput::Event(event));
    }

    /// An acknowledgement of its own costs a whole request over HTTP, so there it waits longer for company.
    pub(super) fn ack_delay(&self) -> Span {
        let delay = Span::from(self.config.ack_delay);
        match self.carrier {
            Carrier::Http(_) => delay.times(8),
            Carrier::Detached | Carrier::Socket(_) => delay,
        }
    }
}
