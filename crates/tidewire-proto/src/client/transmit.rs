//! What a client sends: packets on sockets, requests over HTTP. Built when asked for, so that a turn's messages go together.

use alloc::vec::Vec;

use super::carriers::{Active, Exchange, Stage};
use super::{Client, Phase};
use crate::close::Close;
use crate::config::{BareConfig, Mode};
use crate::event::{Event, Output};
use crate::id::CarrierId;
use crate::payload::Payload;
use crate::stream::PACKET_DATA;
use crate::time::{Span, Timestamp};
use crate::transport::Transport;
use crate::wire::{Hello, HelloMode, Writer};

/// Message bytes of one request: two packets' worth, so that a round trip moves more than a socket's packet does.
pub(super) const REQUEST_ROOM: usize = 2 * PACKET_DATA;

/// Message bytes of one request at least, on a link too slow for more.
pub(super) const LEAST_ROOM: usize = 2 * 1024;

/// How much longer than the asked hold an answer may take.
const HOLD_GRACE: Span = Span::from_secs(5);

impl Client {
    /// What the driver must do next; `None` when there is nothing left to do until the next command, fact or deadline.
    pub fn poll_output(&mut self, now: Timestamp) -> Option<Output> {
        self.now = now;
        if self.outputs.is_empty() {
            self.tell_change();
        }
        if self.outputs.is_empty() {
            self.pump_sockets(now);
        }
        if self.outputs.is_empty() {
            self.pump_http(now);
        }
        if self.outputs.is_empty() {
            self.pump_close(now);
            // Ending a close changes the state.
            if self.outputs.is_empty() {
                self.tell_change();
            }
        }
        self.outputs.pop_front()
    }

    fn tell_change(&mut self) {
        if let Some(event) = self.next_change() {
            self.emit(event);
        }
    }

    /// What the application must be told of transport, state, messages that left, and room.
    fn next_change(&mut self) -> Option<Event> {
        if self.phase == Phase::Closed {
            return None;
        }
        let transport = self.transport();
        if let (Some(from), Some(to)) = (self.told_transport, transport)
            && from != to
        {
            self.told_transport = transport;
            return Some(Event::TransportChanged { from, to });
        }
        let state = self.state();
        if state != self.told_state {
            self.told_state = state;
            return Some(Event::State(state));
        }
        if let Some(id) = self.duplex.outbox.take_sent() {
            return Some(Event::Sent(id));
        }
        self.duplex
            .outbox
            .take_capacity()
            .then_some(Event::Capacity)
    }

    /// The next packet of the first socket that has something to say.
    fn pump_sockets(&mut self, now: Timestamp) {
        for index in 0..self.sockets.len() {
            let Some(socket) = self.sockets.get(index) else {
                return;
            };
            if !socket.writable || socket.stage == Stage::Opening {
                continue;
            }
            let carrier = socket.id;
            if self.is_bare() {
                return self.pump_bare(now, carrier);
            }
            let packet = if socket.attach == 0 {
                self.greet(now, carrier)
            } else if self.active == Active::Socket(carrier) || self.active == Active::None {
                self.next_packet(now, carrier)
            } else {
                None
            };
            if let Some(packet) = packet {
                return self.transmit(carrier, Payload::Binary(packet));
            }
        }
    }

    pub(super) fn transmit(&mut self, carrier: CarrierId, message: Payload) {
        let stats = self.stats.of_mut(Transport::WebSocket);
        stats.packets_sent += 1;
        stats.bytes_sent += message.len() as u64;
        if let Some(socket) = self.socket(carrier) {
            socket.writable = false;
        }
        self.outputs
            .push_back(Output::Transmit { carrier, message });
    }

    /// The first packet of a socket: who comes, and the messages that the server needs.
    fn greet(&mut self, now: Timestamp, carrier: CarrierId) -> Option<Vec<u8>> {
        let attach = self.draw_attach();
        let mut writer = self.hello(HelloMode::Socket, attach, 0, false);
        let mut send = self.duplex.outbox.cursor();
        self.duplex
            .outbox
            .write(&mut send, &mut writer, usize::MAX / 2);
        let told = self.duplex.ack();
        let socket = self.socket(carrier)?;
        socket.attach = attach;
        socket.told = told;
        socket.send = send;
        socket.receive = None;
        socket.greeted_at = now;
        Some(writer.into_packet())
    }

    /// The next packet of the socket that carries the session, or is alone in trying to.
    fn next_packet(&mut self, now: Timestamp, carrier: CarrierId) -> Option<Vec<u8>> {
        let ack_due = self.duplex.ack_due().is_some_and(|due| due <= now);
        let socket = self
            .sockets
            .iter_mut()
            .find(|socket| socket.id == carrier)?;
        let outbox = &mut self.duplex.outbox;
        if !(socket.has_control() || outbox.has_more(&socket.send) || (ack_due && socket.is_live()))
        {
            return None;
        }
        let mut writer = Writer::default();
        if socket.is_live() {
            self.duplex.write_ack(&mut writer);
        }
        if let Some(nonce) = socket.pong.take() {
            writer.pong(nonce);
        }
        if let Some(nonce) = socket.ping.take() {
            writer.ping(nonce);
        }
        self.duplex
            .outbox
            .write(&mut socket.send, &mut writer, usize::MAX / 2);
        (!writer.is_empty()).then(|| writer.into_packet())
    }

    /// The next HTTP request, if one is due and its slot is free.
    fn pump_http(&mut self, now: Timestamp) {
        if let Some(mode) = self.next_request(now) {
            self.request(now, mode);
        }
    }

    fn next_request(&self, now: Timestamp) -> Option<HelloMode> {
        let ack_due = self.duplex.ack_due().is_some_and(|due| due <= now);
        let http = self.http.as_ref()?;
        if http.overtaken
            || self
                .closing
                .as_ref()
                .is_some_and(|closing| closing.told.is_some())
        {
            return None;
        }
        let more = self.duplex.outbox.has_more(&http.sent);
        if !http.welcomed {
            http.poll.is_none().then_some(HelloMode::Poll)
        } else if http.probing && http.send.is_none() {
            // It brings no messages and gets none: on a slow link they would take longer than a probe may.
            Some(HelloMode::Send)
        } else if self.http_transport() == Transport::LongPolling {
            match (&http.poll, &http.send) {
                (None, _) if http.strikes > 0 => Some(HelloMode::Poll),
                (None, _) if self.rests(now) && !more && !ack_due => None,
                (None, _) => Some(HelloMode::Hold {
                    ms: http.hold.as_millis(),
                }),
                (Some(_), None) if more || ack_due => Some(HelloMode::Send),
                _ => None,
            }
        } else {
            let due = more || ack_due || http.poll_at <= now;
            (http.poll.is_none() && due).then_some(HelloMode::Poll)
        }
    }

    /// Whether the next held poll still waits for the application.
    pub(super) fn rests(&self, now: Timestamp) -> bool {
        let until = self.http.as_ref().map_or(now, |http| http.rests_until);
        now < until && self.duplex.inbox.waiting() > 0
    }

    /// Builds a request and takes its slot.
    fn request(&mut self, now: Timestamp, mode: HelloMode) {
        let transport = self.http_transport();
        let id = self.draw_carrier();
        let Some(http) = &mut self.http else {
            return;
        };
        if http.attach == 0 {
            self.attach += 1;
            http.attach = self.attach;
            http.exchange = 0;
        }
        http.exchange += 1;
        let (attach, number, welcomed) = (http.attach, http.exchange, http.welcomed);
        let probe = http.probing && mode == HelloMode::Send;
        http.probing &= !probe;
        let ping = http.ping.take();
        let sending = http.send.is_some() || probe;
        let mut writer = self.hello(mode, attach, number, welcomed);
        if let Some(nonce) = ping {
            writer.ping(nonce);
        }
        let before = writer.len();
        let mut sent = None;
        if !sending {
            // From the place that the server is known to have: requests may overtake each other.
            let room = self.request_room;
            sent = Some(self.duplex.outbox.write_up_to(&mut writer, room));
        }
        let brings = writer.len() > before;
        let held = matches!(mode, HelloMode::Hold { .. });
        let patience = match mode {
            HelloMode::Hold { ms } => Span::from_millis(ms) + HOLD_GRACE,
            _ if probe => self.config.probe_timeout.into(),
            _ => self.config.request_timeout.into(),
        };
        let exchange = Exchange {
            id,
            attach,
            number,
            transport,
            held,
            welcomed,
            brings,
            probe: probe && !held,
            extended: false,
            sent_at: now,
            deadline: now + patience,
        };
        let Some(http) = &mut self.http else {
            return;
        };
        http.sent = sent.unwrap_or(http.sent);
        match mode {
            HelloMode::Send => http.send = Some(exchange),
            HelloMode::Poll | HelloMode::Hold { .. } | HelloMode::Socket => {
                http.poll = Some(exchange);
            }
        }
        self.post(id, writer.into_packet(), held, transport);
    }

    pub(super) fn post(
        &mut self,
        carrier: CarrierId,
        body: Vec<u8>,
        held: bool,
        transport: Transport,
    ) {
        let stats = self.stats.of_mut(transport);
        stats.requests += 1;
        stats.packets_sent += 1;
        stats.bytes_sent += body.len() as u64;
        self.outputs.push_back(Output::Request {
            carrier,
            body,
            held,
        });
    }

    /// A packet that begins by saying who comes, and how.
    pub(super) fn hello(
        &mut self,
        mode: HelloMode,
        attach: u64,
        exchange: u64,
        welcomed: bool,
    ) -> Writer {
        // Only a carrier that holds the session is sure to be listened to.
        let ack = if welcomed {
            self.duplex.take_ack()
        } else {
            self.duplex.ack()
        };
        let limits = &self.config.limits;
        let hello = Hello {
            key: self.key,
            mode,
            resume: self.welcomed,
            welcomed,
            instance: self.instance,
            session: self.server_session.unwrap_or_default(),
            attach,
            exchange,
            ack,
            max_message: limits.max_message,
            window_bytes: limits.window_bytes,
            window_messages: limits.window_messages,
            token: core::mem::take(&mut self.token),
        };
        let mut writer = Writer::default();
        hello.write(&mut writer);
        self.token = hello.token;
        writer
    }

    /// Bare mode: a heartbeat or the next message, as it is.
    fn pump_bare(&mut self, now: Timestamp, carrier: CarrierId) {
        if self.beat_at.is_some_and(|at| at <= now) {
            self.schedule_beat(now);
            if let Mode::Bare(BareConfig {
                heartbeat: Some((payload, _)),
                ..
            }) = &self.config.mode
            {
                return self.transmit(carrier, payload.clone());
            }
        }
        if let Some((id, payload)) = self.duplex.outbox.pop() {
            self.transmit(carrier, payload);
            self.emit(Event::Sent(id));
        }
    }

    /// The close that browsers let a page send: 1000, or 3000 to 4999.
    pub(super) fn browser_close(close: Close) -> Option<Close> {
        let allowed = close.code.0 == 1000 || (3000..5000).contains(&close.code.0);
        allowed.then_some(close)
    }
}
