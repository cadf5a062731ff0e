//! Facts about HTTP exchanges.

use core::time::Duration;

use super::Client;
use super::carriers::{Active, Exchange};
use super::race::Refused;
use super::receive::{Hearing, Said};
use super::transmit::{LEAST_ROOM, REQUEST_ROOM};
use crate::close::{Close, CloseCode};
use crate::event::{Cause, Output};
use crate::id::CarrierId;
use crate::planted::planted;
use crate::stream::PACKET_DATA;
use crate::time::{Span, Timestamp};
use crate::transport::Transport;
use crate::wire::{Ack, Frame, Reader};

/// How much longer than the server's hold an answer may take before something between is to blame.
const HOLD_DELAY: Span = Span::from_secs(5);

/// Holds in a row that are cut or delayed before long polling is given up for a while.
const BAD_HOLDS: u32 = 2;

/// How long the next held poll waits for the application to take what the last one brought, so that the acknowledgement
/// rides on it.
const REST: Span = Span::from_millis(50);

/// Holds in a row that go well before a longer one is tried again.
const GOOD_HOLDS: u32 = 5;

/// Exchanges in a row that fail before the transport is given up.
const STRIKES: u32 = 2;

/// The shortest hold that is tried where longer ones are cut.
const LEAST_HOLD: Span = Span::from_secs(2);

/// The answer to an HTTP request.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
    /// The `Retry-After` header, where it could be read.
    pub retry_after: Option<Duration>,
}

impl Client {
    /// The server, or something in its place, answered an exchange.
    pub fn handle_answer(&mut self, now: Timestamp, carrier: CarrierId, answer: &Answer<'_>) {
        self.now = now;
        if self.finish_told(carrier) {
            return;
        }
        let Some(exchange) = self.take_exchange(carrier) else {
            if planted!(self, StaleAnswerAccepted) {
                let mut reader = Reader::new(answer.body);
                // The frame that says what it answers is skipped, and the rest believed.
                let _ = Frame::read_from_server(&mut reader);
                let mut said = Said::default();
                let _ = self.read_frames(now, &mut None, Hearing::All, &mut reader, &mut said);
            }
            return;
        };
        let stats = self.stats.of_mut(exchange.transport);
        stats.packets_received += 1;
        stats.bytes_received += answer.body.len() as u64;
        let mut reader = Reader::new(answer.body);
        match Frame::read_from_server(&mut reader) {
            Some(Frame::Close(close)) => {
                self.handle_refusal(now, Refused::Http, exchange.attach, close);
            }
            Some(Frame::Answer {
                attach,
                exchange: number,
                held_ms,
            }) if answer.status == 200
                && attach == exchange.attach
                && number == exchange.number =>
            {
                self.take_answer(now, &exchange, held_ms, &mut reader);
                self.hurry_for_more(now, answer.body.len());
            }
            _ => self.handle_foreign(now, &exchange, answer),
        }
    }

    /// The request failed below HTTP: no network, no permission, a body that was cut.
    pub fn handle_failed(&mut self, now: Timestamp, carrier: CarrierId) {
        self.now = now;
        if self.finish_told(carrier) {
            return;
        }
        if let Some(exchange) = self.take_exchange(carrier) {
            self.fail_exchange(now, &exchange, Cause::Broken);
        }
    }

    fn take_answer(
        &mut self,
        now: Timestamp,
        exchange: &Exchange,
        held_ms: u64,
        reader: &mut Reader<'_>,
    ) {
        let received = self.stats.messages_received;
        let mut receive = None;
        let hearing = if exchange.welcomed {
            Hearing::All
        } else {
            Hearing::WelcomeFirst
        };
        let mut said = Said::default();
        if let Err(violation) = self.read_frames(now, &mut receive, hearing, reader, &mut said) {
            if violation.code == CloseCode::SEQUENCE {
                return self.abandon_session(now, violation.rule);
            }
            return self.fail_http(now, Cause::PeerMisbehaved(violation.rule));
        }
        let brought = self.stats.messages_received > received;
        let traffic = exchange.brings || brought;
        if let Some(close) = said.close {
            return self.handle_refusal(now, Refused::Http, exchange.attach, close);
        }
        let held = Span::from_millis(held_ms);
        let round_trip = now.span_since(exchange.sent_at) - held;
        if !exchange.held {
            self.stats.of_mut(exchange.transport).measure(round_trip);
        }
        self.note_hold(now, exchange, round_trip < HOLD_DELAY, None);
        let Some(http) = &mut self.http else {
            return;
        };
        http.strikes = 0;
        if brought {
            http.rests_until = now + REST;
        }
        if exchange.brings {
            http.sent = self.duplex.outbox.cursor();
            self.request_room = (self.request_room * 2).min(REQUEST_ROOM);
        }
        if !exchange.held {
            let next = if traffic {
                self.config.polling_floor.into()
            } else {
                http.interval.times(3).part(2)
            };
            http.interval = next.min(self.config.polling_ceiling.into());
            http.poll_at = now + http.interval;
        }
        if said.welcome.is_some() && exchange.attach == http.attach {
            http.welcomed = true;
            http.poll_at = now;
            // A socket that still greets may be mute; if it is not, it takes over when it speaks.
            if self.active == Active::None {
                self.activate(now, Active::Http);
            }
        }
    }

    /// An answer that is full, or ends within a message, has more behind it, which a schedule need not wait for.
    fn hurry_for_more(&mut self, now: Timestamp, bytes: usize) {
        let is_cut = bytes >= PACKET_DATA || self.duplex.inbox.is_partial();
        let soon = now + self.http_ack_delay();
        if let Some(http) = &mut self.http
            && is_cut
        {
            http.poll_at = http.poll_at.min(soon);
        }
    }

    /// Learns whether holds work here; after two bad ones in a row the ladder goes down to scheduled polling.
    fn note_hold(
        &mut self,
        now: Timestamp,
        exchange: &Exchange,
        good: bool,
        cut_after: Option<Span>,
    ) {
        if !exchange.held || !self.config.allows(Transport::Polling) {
            return;
        }
        let Some(http) = &mut self.http else {
            return;
        };
        if good {
            http.bad_holds = 0;
            http.good_holds += 1;
            if http.good_holds == GOOD_HOLDS {
                http.good_holds = 0;
                http.hold = http.hold.times(2).min(self.config.hold.into());
            }
            return;
        }
        http.good_holds = 0;
        http.bad_holds += 1;
        if let Some(elapsed) = cut_after {
            http.hold = elapsed
                .times(3)
                .part(4)
                .clamp(LEAST_HOLD.min(http.hold), http.hold);
        }
        if http.bad_holds >= BAD_HOLDS {
            http.demoted = true;
            http.interval = self.config.polling_floor.into();
            http.poll_at = now;
            let draw = self.entropy.next_u64();
            self.ladder.note_hold_failure(now, draw);
        }
    }

    /// One exchange failed. Once is normal, and asked again at once; twice in a row is the end of the transport.
    pub(super) fn fail_exchange(&mut self, now: Timestamp, exchange: &Exchange, cause: Cause) {
        self.stats.of_mut(exchange.transport).failures += 1;
        self.note_hold(now, exchange, false, Some(now.span_since(exchange.sent_at)));
        let Some(http) = &mut self.http else {
            return;
        };
        http.strikes += 1;
        http.poll_at = now;
        // A dead peer must be found within 20 s, and a hold has taken most of that.
        http.probing = cause == Cause::TimedOut;
        http.sent = self.duplex.outbox.cursor();
        if exchange.brings {
            // The link may be too slow for so much within the deadline; a request that never ends never succeeds.
            self.request_room = (self.request_room / 4).max(LEAST_ROOM);
        }
        let delay = self.config.ack_delay.into();
        self.duplex.retell(now, delay, Ack::default());
        if !http.welcomed || exchange.probe || http.strikes >= STRIKES {
            self.fail_http(now, cause);
        }
    }

    /// An answer that no tidewire server gave, or that belongs to another request.
    fn handle_foreign(&mut self, now: Timestamp, exchange: &Exchange, answer: &Answer<'_>) {
        let status = answer.status;
        let code = match status {
            401 => Some(CloseCode::UNAUTHENTICATED),
            403 => Some(CloseCode::FORBIDDEN),
            429 => Some(CloseCode::RATE),
            503 => Some(CloseCode::DRAINING),
            _ => None,
        };
        if let Some(code) = code {
            let mut close = Close::new(
                code,
                "http: refused with this status by the server or a proxy",
            );
            close.retry_after = answer.retry_after;
            // Advice is followed; a bare status from a proxy is no word of the server on the session, least of all while a
            // socket may still show that the server is well.
            let may_be_final = matches!(status, 401 | 403) && self.sockets.is_empty();
            if close.retry_after.is_some() || may_be_final {
                return self.handle_refusal(now, Refused::Http, exchange.attach, close);
            }
        }
        self.fail_exchange(now, exchange, Cause::NotTidewire { status });
    }

    fn take_exchange(&mut self, carrier: CarrierId) -> Option<Exchange> {
        let http = self.http.as_mut()?;
        http.take_if(|exchange| exchange.id == carrier)
    }

    /// Whether this was the exchange that told the server of a close; then the client is done.
    fn finish_told(&mut self, carrier: CarrierId) -> bool {
        let Some(closing) = &mut self.closing else {
            return false;
        };
        let told = closing.told == Some(carrier);
        if told {
            closing.told = None;
            self.finish(Cause::ByApplication);
        }
        told
    }

    /// Whether this tab may hold a poll: at most two tabs of an origin should, since browsers open six HTTP/1.1
    /// connections to it in all. Without permission, long polling steps down to scheduled polling.
    pub fn handle_hold_permit(&mut self, now: Timestamp, permitted: bool) {
        self.now = now;
        self.hold_permitted = permitted;
        if self.http_transport() == Transport::Polling {
            self.drop_hold(now);
        }
    }

    /// Gives up the held poll, if there is one: what its answer might have brought is asked for again.
    pub(super) fn drop_hold(&mut self, now: Timestamp) {
        let Some(http) = &mut self.http else {
            return;
        };
        if let Some(held) = http.poll.take_if(|exchange| exchange.held) {
            http.sent = self.duplex.outbox.cursor();
            http.poll_at = now;
            self.outputs.push_back(Output::Abort { carrier: held.id });
        }
    }

    /// The transport that HTTP stands for at the moment: the one that a request counts for which starts now.
    pub const fn http_transport(&self) -> Transport {
        let demoted = match &self.http {
            Some(http) => http.demoted,
            None => false,
        };
        let can_hold = self.config.allows(Transport::LongPolling);
        let can_poll = self.config.allows(Transport::Polling);
        if can_hold && ((self.hold_permitted && !demoted) || !can_poll) {
            Transport::LongPolling
        } else {
            Transport::Polling
        }
    }
}
