//! The state machine of one client's session.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::admission::{Opening, refusal_packet, unknown_session};
use super::carrier::{Carrier, Exchange, Http, Phase, Retired, Socket};
use super::output::{SessionAnswer, SessionEvent, SessionOutput};
use super::transmit::{ANSWER_ROOM, LEAST_ROOM};
use crate::bucket::Bucket;
use crate::close::{Close, CloseCode};
use crate::config::SessionConfig;
use crate::error::{SendError, SendErrorKind, Violation};
use crate::event::Cause;
use crate::id::{CarrierId, MessageId, SessionKey};
use crate::payload::Payload;
use crate::planted::planted;
use crate::stream::{Arrival, Duplex, PeerLimits, ReceiveCursor};
use crate::time::Timestamp;
use crate::transport::Transport;
use crate::wire::{Frame, Hello, HelloMode, Position, Reader, Welcome, Writer};

/// How long a socket that lost a race may take to say hello again.
pub(super) const RETIRED_GRACE: Duration = Duration::from_secs(15);

/// Sockets that lost a race and are kept at once.
const MAX_RETIRED: usize = 2;

/// Control frames that a packet with new messages may carry without being counted.
const MAX_RIDING: u32 = 4;

/// HTTP requests of one session that wait for an answer at once: a poll, a send, and their repetitions by a proxy.
const MAX_EXCHANGES: usize = 4;

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
    id: u64,
    key: SessionKey,
    instance: u32,
    pub(super) attach: u64,
    pub(crate) duplex: Duplex,
    pub(super) carrier: Carrier,
    pub(super) retired: Vec<Retired>,
    pub(super) outputs: VecDeque<SessionOutput>,
    pub(super) phase: Phase,
    pub(super) last_contact: Timestamp,
    pub(super) last_message: Timestamp,
    attaches: Bucket,
    sent: u64,
    /// Message bytes of one answer, as the link has proved to carry them.
    pub(super) answer_room: usize,
    /// How far the messages were written to answers.
    pub(super) answered_to: Position,
    /// The client was away when it was asked to move.
    drain: Option<u64>,
    /// The highest nonce of a ping of ours.
    pub(super) pings: u64,
    /// Whether an attach was ever welcomed.
    welcomed: bool,
    /// Whether one was welcomed before the attach that holds the session.
    resumed: bool,
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
    /// The answer comes as output: a welcome, a refusal, or silence while a poll is held.
    pub fn attach(&mut self, now: Timestamp, carrier: CarrierId, opening: &Opening<'_>) {
        let hello = &opening.hello;
        match self.try_attach(now, carrier, hello) {
            Ok(()) => {}
            Err(Refusal::Closed(close)) => return self.refuse(carrier, hello.mode, close),
            Err(Refusal::Stale) => return self.refuse_stale(now, carrier, hello.mode),
        }
        if hello.mode == HelloMode::Socket {
            self.handle_frames(now, carrier, opening.frames);
        } else {
            self.handle_exchange(now, carrier, opening);
        }
        self.tell_transport();
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
            if let Ok(opening) = super::read_opening(packet)
                && opening.hello.key == self.key
            {
                return self.attach(now, carrier, &opening);
            }
            return self.handle_frames(now, carrier, packet);
        }
        let Some(index) = self
            .retired
            .iter()
            .position(|retired| retired.id == carrier)
        else {
            return;
        };
        // What a retired socket still says is late, unless it says hello again.
        if let Ok(opening) = super::read_opening(packet)
            && opening.hello.key == self.key
        {
            self.retired.remove(index);
            self.attach(now, carrier, &opening);
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
        let delay_ms = delay.as_millis() as u64;
        match &mut self.carrier {
            Carrier::Detached => self.drain = Some(delay_ms),
            Carrier::Http(http) => http.drain = Some(delay_ms),
            Carrier::Socket(socket) => socket.drain = Some(delay_ms),
        }
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

    /// Makes `carrier` the one that carries the session, if its attach number wins.
    fn try_attach(
        &mut self,
        now: Timestamp,
        carrier: CarrierId,
        hello: &Hello,
    ) -> Result<(), Refusal> {
        if self.is_ended() {
            let close = Close::new(CloseCode::EXPIRED, "expired: the session is over");
            return Err(Refusal::Closed(close));
        }
        // A process that died with its sessions may get a late create of one of them, and make it again. The client knows
        // another one under this key: their streams have nothing in common.
        let other = hello.resume && hello.session != 0 && hello.session != self.id;
        if other && !planted!(self, SessionNameIgnored) {
            return Err(Refusal::Closed(unknown_session()));
        }
        // The streams are numbered by one client. A second one with the same key, as a duplicated tab would be, cannot go on
        // with them: its messages would pass for repetitions, be acknowledged, and be lost.
        if hello.instance != self.instance && !planted!(self, AnotherClientAccepted) {
            return Err(Refusal::Closed(superseded()));
        }
        let again = hello.mode != HelloMode::Socket
            && !matches!(self.carrier, Carrier::Socket(_))
            && hello.attach == self.attach;
        if !again {
            self.attaches.take(now).map_err(|wait| {
                let close = Close::new(CloseCode::RATE, "rate: too many attaches");
                Refusal::Closed(close.after(wait.max(Duration::from_secs(1))))
            })?;
        }
        if hello.attach <= self.attach && !again && !planted!(self, StaleCarrierAccepted) {
            return Err(Refusal::Stale);
        }
        self.last_contact = now;
        let acknowledged = self
            .duplex
            .handle_ack(hello.ack)
            .map_err(|violation| Refusal::Closed(violation.close()))?;
        self.tell_acknowledged(acknowledged);
        if !(again && matches!(self.carrier, Carrier::Http(_))) {
            self.replace_carrier(now, carrier, hello);
        }
        Ok(())
    }

    /// Puts a new carrier in the place of the old one.
    fn replace_carrier(&mut self, now: Timestamp, carrier: CarrierId, hello: &Hello) {
        self.attach = hello.attach;
        self.resumed = core::mem::replace(&mut self.welcomed, true);
        let again = match &mut self.carrier {
            Carrier::Socket(old) if old.id == carrier => Some(old.writable),
            _ => None,
        };
        let next = if hello.mode == HelloMode::Socket {
            let mut socket = Socket::new(
                now,
                carrier,
                self.duplex.outbox.cursor(),
                self.config.control_burst,
            );
            // A packet may still be on its way on the same socket.
            socket.writable = again.unwrap_or(true);
            socket.welcome = Some(self.welcome(hello));
            socket.drain = self.drain.take();
            Carrier::Socket(socket)
        } else {
            Carrier::Http(Http {
                transport: Transport::LongPolling,
                last_poll: 0,
                open: Vec::new(),
                last_seen: now,
                drain: self.drain.take(),
                control: Bucket::new(now, self.config.control_burst, Duration::from_secs(1)),
            })
        };
        match core::mem::replace(&mut self.carrier, next) {
            Carrier::Socket(old) if old.id == carrier => {}
            Carrier::Socket(old) => self.retire(now, old.id),
            Carrier::Http(old) => {
                // Moving on is no error of these requests: browsers would show one in their console.
                for exchange in old.open {
                    let answer = self.final_answer(&exchange, &stale());
                    self.outputs.push_back(answer);
                }
            }
            Carrier::Detached => {}
        }
    }

    fn retire(&mut self, now: Timestamp, id: CarrierId) {
        if self.retired.len() == MAX_RETIRED {
            let oldest = self.retired.remove(0);
            self.drop_socket(oldest.id, stale());
        }
        self.retired.push(Retired {
            id,
            until: now + RETIRED_GRACE,
        });
    }

    fn welcome(&mut self, hello: &Hello) -> Welcome {
        let limits = &self.config.limits;
        Welcome {
            attach: hello.attach,
            resumed: self.resumed,
            session: self.id,
            ack: self.duplex.take_ack(),
            max_message: limits.max_message,
            window_bytes: limits.window_bytes,
            window_messages: limits.window_messages,
            life_ms: self.config.life.as_millis() as u64,
            heartbeat_ms: self.config.heartbeat.as_millis() as u64,
        }
    }

    /// Takes an HTTP request of the attach that holds the session.
    fn handle_exchange(&mut self, now: Timestamp, carrier: CarrierId, opening: &Opening<'_>) {
        let hello = &opening.hello;
        let welcome = (!hello.welcomed).then(|| self.welcome(hello));
        let hold = match hello.mode {
            HelloMode::Hold { ms } => Duration::from_millis(ms).min(self.config.max_hold),
            HelloMode::Poll | HelloMode::Send | HelloMode::Socket => self.config.answer_delay,
        };
        let before = self.duplex.inbox.received();
        let mut exchange = Exchange {
            id: carrier,
            number: hello.exchange,
            attach: hello.attach,
            mode: hello.mode,
            welcome,
            pong: None,
            brought: false,
            since: now,
            until: now + hold,
        };
        let mut receive: ReceiveCursor = None;
        let outcome = self.read_frames(now, &mut receive, opening.frames, &mut exchange.pong);
        exchange.brought = self.duplex.inbox.received() > before;
        let Carrier::Http(http) = &mut self.carrier else {
            return;
        };
        http.last_seen = now;
        match outcome {
            Err(violation) => return self.refuse(carrier, hello.mode, violation.close()),
            Ok(Some(close)) => {
                http.open.push(exchange);
                return self.finish(&close, Cause::Refused(close.clone()));
            }
            Ok(None) => {}
        }
        if exchange.wants_messages() {
            self.answer_room = match self.duplex.outbox.received() {
                // The last answer did not arrive, or not in time: the link may be too slow for so much.
                received if received < self.answered_to => (self.answer_room / 4).max(LEAST_ROOM),
                _ => (self.answer_room * 2).min(ANSWER_ROOM),
            };
            let first = http.last_poll == 0;
            let repeated = exchange.number < http.last_poll;
            http.last_poll = http.last_poll.max(exchange.number);
            http.transport = match exchange.mode {
                HelloMode::Poll if !first => Transport::Polling,
                _ => Transport::LongPolling,
            };
            // Only the latest poll is held: what a proxy repeated, or the client gave up, ends empty.
            for older in &mut http.open {
                if older.wants_messages() && !repeated {
                    older.mode = HelloMode::Send;
                    older.until = now;
                }
            }
            if repeated {
                exchange.mode = HelloMode::Send;
                exchange.until = now;
            }
        }
        if http.open.len() == MAX_EXCHANGES {
            let oldest = http.open.remove(0);
            let answer = self.answer(now, oldest);
            self.outputs.push_back(answer);
        }
        if let Carrier::Http(http) = &mut self.carrier {
            http.open.push(exchange);
        }
    }

    /// Takes the frames of a WebSocket message.
    fn handle_frames(&mut self, now: Timestamp, carrier: CarrierId, frames: &[u8]) {
        let Carrier::Socket(socket) = &mut self.carrier else {
            return;
        };
        let mut receive = socket.receive;
        let mut pong = None;
        let outcome = self.read_frames(now, &mut receive, frames, &mut pong);
        if let Carrier::Socket(socket) = &mut self.carrier {
            socket.receive = receive;
            socket.pong = pong.or(socket.pong);
        }
        match outcome {
            Err(violation) => self.fail_socket(carrier, violation.close()),
            Ok(Some(close)) => self.finish(&close, Cause::Refused(close.clone())),
            Ok(None) => {}
        }
    }

    /// Takes the frames of a packet in order; a close by the client comes back.
    fn read_frames(
        &mut self,
        now: Timestamp,
        receive: &mut ReceiveCursor,
        frames: &[u8],
        pong: &mut Option<u64>,
    ) -> Result<Option<Close>, Violation> {
        let delay = self.ack_delay();
        let mut riding = 0;
        let mut brought = false;
        let mut reader = Reader::new(frames);
        while let Some(frame) = Frame::read(&mut reader)? {
            if frame.is_data() {
                match self.duplex.handle_data(now, delay, receive, &frame)? {
                    Arrival::Message(payload) => {
                        brought = true;
                        self.last_message = now;
                        self.outputs
                            .push_back(SessionOutput::Event(SessionEvent::Message(payload)));
                    }
                    Arrival::Part => brought = true,
                    Arrival::Duplicate => {}
                }
                continue;
            }
            let may_ride = matches!(frame, Frame::Ack(_) | Frame::Pong(_) | Frame::Seek(_));
            if may_ride && riding < MAX_RIDING {
                riding += 1;
            } else {
                self.count_control(now)?;
            }
            match frame {
                Frame::Ack(ack) => {
                    let acknowledged = self.duplex.handle_ack(ack)?;
                    self.tell_acknowledged(acknowledged);
                }
                Frame::Close(close) => return Ok(Some(close)),
                Frame::Ping(nonce) => *pong = Some(nonce),
                Frame::Pong(_) => {}
                Frame::Seek(position) => *receive = Some(position),
                _ => {
                    return Err(Violation::malformed(
                        "order: a frame that a client does not send here",
                    ));
                }
            }
        }
        // What rides on a packet with new messages is bounded by the window, as they are.
        for _ in 0..if brought { 0 } else { riding } {
            self.count_control(now)?;
        }
        Ok(None)
    }

    fn count_control(&mut self, now: Timestamp) -> Result<(), Violation> {
        let bucket = match &mut self.carrier {
            Carrier::Detached => return Ok(()),
            Carrier::Http(http) => &mut http.control,
            Carrier::Socket(socket) => &mut socket.control,
        };
        bucket.take(now).map_err(|_| Violation {
            code: CloseCode::RATE,
            rule: "rate: too many frames without a message",
        })
    }

    /// Answers a hello that does not get the session.
    fn refuse(&mut self, carrier: CarrierId, mode: HelloMode, close: Close) {
        if mode != HelloMode::Socket {
            let answer = SessionAnswer {
                status: close.code.http_status(),
                body: refusal_packet(&close),
                close: Some(close),
            };
            return self
                .outputs
                .push_back(SessionOutput::Respond { carrier, answer });
        }
        if matches!(self.carrier, Carrier::Socket(Socket { id, .. }) if id == carrier) {
            return self.fail_socket(carrier, close);
        }
        self.drop_socket(carrier, close);
    }

    /// Answers a hello whose number was overtaken by another carrier of the same client.
    ///
    /// The socket stays: it may be the better transport, and says hello again without a new handshake.
    fn refuse_stale(&mut self, now: Timestamp, carrier: CarrierId, mode: HelloMode) {
        if mode != HelloMode::Socket
            || matches!(&self.carrier, Carrier::Socket(socket) if socket.id == carrier)
        {
            return self.refuse(carrier, mode, stale());
        }
        self.retire(now, carrier);
        let mut writer = Writer::default();
        writer.stale();
        let packet = writer.into_packet();
        self.outputs
            .push_back(SessionOutput::Transmit { carrier, packet });
    }

    /// The socket that carries the session broke a rule: it goes, the session stays.
    fn fail_socket(&mut self, carrier: CarrierId, close: Close) {
        self.drop_socket(carrier, close);
        if matches!(self.carrier, Carrier::Socket(Socket { id, .. }) if id == carrier) {
            self.detach();
        }
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
        match core::mem::replace(&mut self.carrier, Carrier::Detached) {
            Carrier::Detached => {}
            Carrier::Http(http) => {
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
        let ended = SessionEvent::Ended { cause, unconfirmed };
        self.outputs.push_back(SessionOutput::Event(ended));
    }

    fn tell_acknowledged(&mut self, acknowledged: Option<MessageId>) {
        if let Some(id) = acknowledged {
            self.outputs
                .push_back(SessionOutput::Event(SessionEvent::Acknowledged(id)));
            if self.duplex.outbox.take_capacity() {
                self.outputs
                    .push_back(SessionOutput::Event(SessionEvent::Capacity));
            }
        }
    }

    fn tell_transport(&mut self) {
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
    fn ack_delay(&self) -> Duration {
        match self.carrier {
            Carrier::Http(_) => self.config.ack_delay * 8,
            Carrier::Detached | Carrier::Socket(_) => self.config.ack_delay,
        }
    }
}

/// Why a hello does not get the session.
enum Refusal {
    Closed(Close),
    /// Another carrier of the same client has a higher number.
    Stale,
}

fn stale() -> Close {
    Close::new(
        CloseCode::SUPERSEDED,
        "stale: a higher attach number holds the session",
    )
}

fn superseded() -> Close {
    Close::new(
        CloseCode::SUPERSEDED,
        "superseded: another client holds the session",
    )
}
