//! Facts about WebSockets.

use super::Client;
use super::carriers::{Active, Socket, Stage};
use super::race::Refused;
use super::receive::{Hearing, Said};
use crate::close::{Close, CloseCode};
use crate::event::{Cause, Event};
use crate::id::CarrierId;
use crate::payload::Payload;
use crate::time::{Span, Timestamp};
use crate::transport::Transport;
use crate::wire::Reader;

impl Client {
    /// The socket is open. That proves nothing yet: a proxy may have accepted it with no server behind.
    pub fn handle_opened(&mut self, now: Timestamp, carrier: CarrierId) {
        self.now = now;
        let bare = self.is_bare();
        let Some(socket) = self
            .socket(carrier)
            .filter(|socket| socket.stage == Stage::Opening)
        else {
            return;
        };
        socket.stage = Stage::Greeting;
        socket.greeted_at = now;
        socket.last_heard = now;
        if bare {
            socket.stage = Stage::Live;
            self.schedule_beat(now);
            self.activate(now, Active::Socket(carrier));
        }
    }

    /// The socket brought a message.
    pub fn handle_message(&mut self, now: Timestamp, carrier: CarrierId, message: Payload) {
        self.now = now;
        let bare = self.is_bare();
        let Some(socket) = self.socket(carrier) else {
            return;
        };
        socket.last_heard = now;
        let mut receive = socket.receive;
        let hearing = match socket.stage {
            Stage::Live => Hearing::All,
            Stage::Greeting if socket.skips => Hearing::NoMessages,
            Stage::Greeting | Stage::Opening => Hearing::WelcomeFirst,
        };
        let attach = socket.attach;
        let stats = self.stats.of_mut(Transport::WebSocket);
        stats.packets_received += 1;
        stats.bytes_received += message.len() as u64;
        if bare {
            return self.deliver_bare(message);
        }
        if message.is_empty() {
            let rule = "empty: a packet without a frame";
            return self.handle_violation(now, carrier, CloseCode::MALFORMED, rule);
        }
        let Payload::Binary(packet) = message else {
            return self.misbehaved(
                now,
                carrier,
                "unsupported: a text message where packets are binary",
            );
        };
        let mut said = Said::default();
        let mut reader = Reader::new(&packet);
        let outcome = self.read_frames(now, &mut receive, hearing, &mut reader, &mut said);
        if let Some(socket) = self.socket(carrier) {
            socket.receive = receive;
        }
        if let Err(violation) = outcome {
            return self.handle_violation(now, carrier, violation.code, violation.rule);
        }
        self.take_sign_of_life(now, carrier, said.pong);
        if let Some(close) = said.close {
            return self.handle_refusal(now, Refused::Socket(carrier), attach, close);
        }
        self.take_said(now, carrier, &said);
    }

    /// Only the answer to a probe ends it: other packets may have been on their way before the link died, so they win time.
    fn take_sign_of_life(&mut self, now: Timestamp, carrier: CarrierId, pong: Option<u64>) {
        let deadline = now + self.config.probe_timeout;
        let Some(socket) = self.socket(carrier) else {
            return;
        };
        match &mut socket.probe {
            Some(probe) if pong == Some(probe.nonce) => {
                let round_trip = now.span_since(probe.sent_at);
                socket.probe = None;
                self.stats.of_mut(Transport::WebSocket).measure(round_trip);
            }
            Some(probe) => probe.deadline = deadline,
            None => {}
        }
    }

    fn take_said(&mut self, now: Timestamp, carrier: CarrierId, said: &Said) {
        let highest = self.attach;
        let Some(socket) = self.socket(carrier) else {
            return;
        };
        socket.pong = said.ping.or(socket.pong);
        if said.stale {
            // Another carrier of ours was faster; this one asks again with a higher number.
            socket.attach = 0;
            return;
        }
        if let Some(attach) = said.welcome {
            if attach != socket.attach || socket.is_live() {
                // The answer to a hello that was repeated since.
                return;
            }
            let round_trip = now.span_since(socket.greeted_at);
            if attach < highest {
                socket.attach = 0;
                socket.skips = true;
                return;
            }
            socket.stage = Stage::Live;
            self.stats.of_mut(Transport::WebSocket).measure(round_trip);
            self.activate(now, Active::Socket(carrier));
        }
        if let Some(delay_ms) = said.drain {
            self.schedule_move(now, Span::from_millis(delay_ms));
        }
    }

    /// The socket can take more.
    pub fn handle_writable(&mut self, now: Timestamp, carrier: CarrierId) {
        self.now = now;
        if let Some(socket) = self.socket(carrier) {
            socket.writable = true;
        }
    }

    /// The socket closed; 1006 where no close frame came, as browsers say it.
    pub fn handle_closed(&mut self, now: Timestamp, carrier: CarrierId, code: u16, reason: &str) {
        self.now = now;
        let Some(socket) = self.socket(carrier) else {
            return;
        };
        let attach = socket.attach;
        let opened = socket.stage != Stage::Opening;
        let close = Close::new(CloseCode(code), reason);
        let spoken = code >= 4000 || (self.is_bare() && code != CloseCode::ABNORMAL.0);
        if opened && spoken {
            let carrier = Refused::Socket(carrier);
            return self.handle_refusal(now, carrier, attach, close);
        }
        self.fail_socket(now, carrier, Cause::Broken);
    }

    fn misbehaved(&mut self, now: Timestamp, carrier: CarrierId, rule: &'static str) {
        self.handle_violation(now, carrier, CloseCode::UNSUPPORTED, rule);
    }

    /// The server broke the protocol. Where the numbers no longer agree, the session is beyond repair.
    fn handle_violation(
        &mut self,
        now: Timestamp,
        carrier: CarrierId,
        code: CloseCode,
        rule: &'static str,
    ) {
        if code == CloseCode::SEQUENCE {
            return self.abandon_session(now, rule);
        }
        self.fail_carrier(now, Refused::Socket(carrier), Cause::PeerMisbehaved(rule));
    }

    /// A gap or an impossible acknowledgement cannot be mended by reconnecting: the session ends and says so.
    pub(super) fn abandon_session(&mut self, now: Timestamp, rule: &'static str) {
        let cause = Cause::PeerMisbehaved(rule);
        self.drop_carriers(None);
        if self.closing.is_some() {
            return self.finish(cause);
        }
        self.lose_session(cause.clone());
        self.retry(now, cause);
    }

    fn deliver_bare(&mut self, payload: Payload) {
        self.stats.messages_received += 1;
        let session = self.session;
        self.emit(Event::Message { session, payload });
    }

    /// Forgets a socket; answers whether it was there.
    pub(super) fn take_socket(&mut self, id: CarrierId) -> bool {
        let index = self.sockets.iter().position(|socket| socket.id == id);
        index.map(|index| self.sockets.remove(index)).is_some()
    }

    pub(super) fn socket(&mut self, id: CarrierId) -> Option<&mut Socket> {
        self.sockets.iter_mut().find(|socket| socket.id == id)
    }
}
