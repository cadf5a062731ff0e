//! What arrives: frames of the client, on either kind of carrier.

use core::time::Duration;

use super::admission::Opening;
use super::carrier::{Carrier, Exchange};
use super::output::{SessionEvent, SessionOutput};
use super::session::Session;
use super::transmit::{ANSWER_ROOM, LEAST_ROOM};
use crate::close::{Close, CloseCode};
use crate::error::Violation;
use crate::event::Cause;
use crate::id::CarrierId;
use crate::stream::{Arrival, ReceiveCursor};
use crate::time::Timestamp;
use crate::transport::Transport;
use crate::wire::{Frame, HelloMode, Reader};

/// Control frames that a packet with new messages may carry without being counted.
const MAX_RIDING: u32 = 4;

/// HTTP requests of one session that wait for an answer at once: a poll, a send, and their repetitions by a proxy.
const MAX_EXCHANGES: usize = 4;

impl Session {
    /// Takes an HTTP request of the attach that holds the session; tells whether it kept the rules.
    pub(super) fn handle_exchange(
        &mut self,
        now: Timestamp,
        carrier: CarrierId,
        opening: &Opening<'_>,
    ) -> bool {
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
            return true;
        };
        http.last_seen = now;
        match outcome {
            Err(violation) => {
                self.refuse(carrier, hello.mode, violation.close());
                return false;
            }
            Ok(Some(close)) => {
                http.open.push(exchange);
                self.finish(&Close::done(), Cause::Refused(close));
                return true;
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
        true
    }

    /// Takes the frames of a WebSocket message; tells whether they kept the rules.
    pub(super) fn handle_frames(
        &mut self,
        now: Timestamp,
        carrier: CarrierId,
        frames: &[u8],
    ) -> bool {
        let Carrier::Socket(socket) = &mut self.carrier else {
            return true;
        };
        let mut receive = socket.receive;
        let mut pong = None;
        let outcome = self.read_frames(now, &mut receive, frames, &mut pong);
        if let Carrier::Socket(socket) = &mut self.carrier {
            socket.receive = receive;
            socket.pong = pong.or(socket.pong);
        }
        match outcome {
            Err(violation) => {
                self.fail_socket(carrier, violation.close());
                return false;
            }
            Ok(Some(close)) => self.finish(&Close::done(), Cause::Refused(close)),
            Ok(None) => {}
        }
        true
    }

    /// Takes what was on its way on a socket when it lost the session. Its messages count: the page that sent them may be gone,
    /// with a last request that had no room for all of them. Nothing else that it says is of this time.
    pub(super) fn handle_late_frames(&mut self, now: Timestamp, index: usize, frames: &[u8]) {
        let Some(retired) = self.retired.get_mut(index) else {
            return;
        };
        let (id, mut receive) = (retired.id, retired.receive);
        if retired.control.take(now).is_err() {
            let close = Close::new(CloseCode::RATE, "rate: too many late packets");
            self.retired.remove(index);
            return self.drop_socket(id, close);
        }
        let outcome = self.read_late_frames(now, &mut receive, frames);
        match outcome {
            Ok(()) => {
                if let Some(retired) = self.retired.get_mut(index) {
                    retired.receive = receive;
                }
            }
            Err(violation) => {
                self.retired.remove(index);
                self.drop_socket(id, violation.close());
            }
        }
    }

    fn read_late_frames(
        &mut self,
        now: Timestamp,
        receive: &mut ReceiveCursor,
        frames: &[u8],
    ) -> Result<(), Violation> {
        let delay = self.ack_delay();
        let mut reader = Reader::new(frames);
        while let Some(frame) = Frame::read(&mut reader)? {
            if frame.is_data() {
                // A socket that was refused has no place for messages, and a client sends none there.
                if receive.is_none() {
                    return Ok(());
                }
                let arrival = self.duplex.handle_data(now, delay, receive, &frame)?;
                if let Arrival::Message(payload) = arrival {
                    self.last_message = now;
                    self.outputs
                        .push_back(SessionOutput::Event(SessionEvent::Message(payload)));
                }
            } else if let Frame::Seek(position) = frame {
                *receive = Some(position);
            }
        }
        Ok(())
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
                Frame::Close(close) if !close.code.is_of_a_client() => {
                    return Err(Violation::malformed(
                        "close-code: one that no client closes with",
                    ));
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
}
