//! What a session sends: packets on a socket, answers to HTTP exchanges.

use alloc::vec::Vec;

use super::carrier::{Carrier, Exchange, Phase, Socket};
use super::output::{SessionAnswer, SessionEvent, SessionOutput};
use super::session::Session;
use crate::close::Close;
use crate::event::Cause;
use crate::stream::PACKET_DATA;
use crate::time::Timestamp;
use crate::wire::{HelloMode, Writer};

/// Message bytes of one answer: two packets' worth, so that a poll moves more than a socket's packet does.
pub(super) const ANSWER_ROOM: usize = 2 * PACKET_DATA;

/// Message bytes of one answer at least, on a link too slow for more.
pub(super) const LEAST_ROOM: usize = 2 * 1024;

impl Session {
    /// What the driver must do next; `None` when there is nothing left to do until the next fact, command or deadline.
    ///
    /// Packets are built here and not before, so whatever was sent since the last drain goes out together.
    pub fn poll_output(&mut self, now: Timestamp) -> Option<SessionOutput> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
            if self.duplex.outbox.take_capacity() {
                return Some(SessionOutput::Event(SessionEvent::Capacity));
            }
            let built = match &self.carrier {
                Carrier::Detached => None,
                // A close is told in an answer, and an answer that is given cannot tell it any more.
                Carrier::Http(_) if self.can_finish(now) => None,
                Carrier::Http(_) => self.answer_next(now),
                Carrier::Socket(_) => self.transmit(now),
            };
            if built.is_some() {
                return built;
            }
            if !self.finish_if_closed(now) {
                return None;
            }
        }
    }

    /// The next packet of the socket, if there is something to say and room to say it.
    fn transmit(&mut self, now: Timestamp) -> Option<SessionOutput> {
        let Carrier::Socket(socket) = &mut self.carrier else {
            return None;
        };
        let ack_due = self.duplex.ack_due().is_some_and(|due| due <= now);
        let has_control = socket.has_control() || self.drain.is_some();
        if !socket.writable
            || !(has_control || ack_due || self.duplex.outbox.has_more(&socket.send))
        {
            return None;
        }
        let mut writer = Writer::default();
        if let Some(welcome) = socket.welcome.take() {
            writer.welcome(&welcome);
        }
        self.duplex.write_ack(&mut writer);
        if let Some(nonce) = socket.pong.take() {
            writer.pong(nonce);
        }
        if let Some(nonce) = socket.ping.take() {
            writer.ping(nonce);
        }
        if let Some(delay_ms) = self.drain.take() {
            writer.drain(delay_ms);
        }
        self.duplex
            .outbox
            .write(&mut socket.send, &mut writer, usize::MAX / 2);
        if writer.is_empty() {
            return None;
        }
        socket.writable = false;
        socket.last_sent = now;
        let carrier = socket.id;
        let packet = writer.into_packet();
        Some(SessionOutput::Transmit { carrier, packet })
    }

    /// The answer to the first exchange that has waited long enough or has something to say.
    fn answer_next(&mut self, now: Timestamp) -> Option<SessionOutput> {
        let index = match &self.carrier {
            Carrier::Http(http) => http
                .open
                .iter()
                .position(|exchange| self.is_ripe(now, exchange))?,
            Carrier::Detached | Carrier::Socket(_) => return None,
        };
        let Carrier::Http(http) = &mut self.carrier else {
            return None;
        };
        let exchange = http.open.remove(index);
        Some(self.answer(now, exchange))
    }

    fn is_ripe(&self, now: Timestamp, exchange: &Exchange) -> bool {
        let outbox = &self.duplex.outbox;
        let has_messages = outbox.has_more(&outbox.cursor());
        let taken = self.duplex.inbox.waiting() == 0;
        if now >= exchange.until {
            return true;
        }
        match exchange.mode {
            HelloMode::Hold { .. } => {
                let ack_due = self.duplex.ack_due().is_some_and(|due| due <= now);
                let control =
                    exchange.pong.is_some() || exchange.welcome.is_some() || self.drain.is_some();
                has_messages || ack_due || control
            }
            // What the application says at once to what it was brought rides on the same answer.
            HelloMode::Poll => has_messages || !exchange.brought,
            HelloMode::Send | HelloMode::Socket => taken || !exchange.brought,
        }
    }

    /// Answers one exchange.
    pub(super) fn answer(&mut self, now: Timestamp, mut exchange: Exchange) -> SessionOutput {
        let mut writer = Writer::default();
        let held_ms = now.since(exchange.since).as_millis() as u64;
        writer.answer(exchange.attach, exchange.number, held_ms);
        if let Some(mut welcome) = exchange.welcome.take() {
            welcome.ack = self.duplex.take_ack();
            writer.welcome(&welcome);
        } else {
            // Always: the answer that told it last may have been lost.
            writer.ack(self.duplex.take_ack());
        }
        if let Some(nonce) = exchange.pong {
            writer.pong(nonce);
        }
        if let Some(delay_ms) = self.drain.take() {
            writer.drain(delay_ms);
        }
        if matches!(exchange.mode, HelloMode::Poll | HelloMode::Hold { .. }) {
            let reached = self
                .duplex
                .outbox
                .write_up_to(&mut writer, self.answer_room);
            self.answered_to = reached.position();
        }
        respond(&exchange, writer.into_packet())
    }

    /// Answers one exchange of a session that ends, or that goes on elsewhere.
    pub(super) fn final_answer(&mut self, exchange: &Exchange, close: &Close) -> SessionOutput {
        let mut writer = Writer::default();
        writer.answer(exchange.attach, exchange.number, 0);
        // It may be lost, so it does not count as told.
        writer.ack(self.duplex.ack());
        writer.close(close);
        respond(exchange, writer.into_packet())
    }

    /// Ends a closing session once everything was acknowledged, or it took too long. Tells whether it did.
    fn finish_if_closed(&mut self, now: Timestamp) -> bool {
        let Phase::Closing { close, .. } = &self.phase else {
            return false;
        };
        if !self.can_finish(now) {
            return false;
        }
        let close = close.clone();
        self.finish(&close, Cause::ByApplication);
        true
    }

    /// Whether a closing session may end now.
    fn can_finish(&self, now: Timestamp) -> bool {
        let Phase::Closing { deadline, .. } = &self.phase else {
            return false;
        };
        let writable = match &self.carrier {
            Carrier::Detached => false,
            // The close is told in an answer, so there must be a question.
            Carrier::Http(http) => !http.open.is_empty(),
            Carrier::Socket(socket) => socket.writable,
        };
        now >= *deadline || (writable && self.duplex.outbox.is_empty())
    }
}

impl Socket {
    /// Whether a control frame waits for the next packet.
    const fn has_control(&self) -> bool {
        self.welcome.is_some() || self.pong.is_some() || self.ping.is_some()
    }
}

fn respond(exchange: &Exchange, body: Vec<u8>) -> SessionOutput {
    SessionOutput::Respond {
        carrier: exchange.id,
        answer: SessionAnswer {
            status: 200,
            body,
            close: None,
        },
    }
}
