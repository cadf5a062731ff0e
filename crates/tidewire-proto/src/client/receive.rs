//! What arrives: frames of the server, on either kind of carrier.

use super::Client;
use crate::close::Close;
use crate::error::Violation;
use crate::event::Event;
use crate::id::MessageId;
use crate::stream::{Arrival, PeerLimits, ReceiveCursor};
use crate::time::{Span, Timestamp};
use crate::wire::{Ack, Frame, OF_CLIENTS, Reader, Welcome};

/// What a packet said beyond messages and acknowledgements.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The attach number of a welcome.
    pub(super) welcome: Option<u64>,
    pub(super) ping: Option<u64>,
    pub(super) pong: Option<u64>,
    pub(super) drain: Option<u64>,
    pub(super) stale: bool,
    pub(super) close: Option<Close>,
}

/// What may be heard on a carrier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hearing {
    /// It carries the session.
    All,
    /// It was welcomed, and asks again: what the server said in between it says again after the next welcome.
    NoMessages,
    /// Nothing but a welcome or a refusal.
    WelcomeFirst,
}

impl Client {
    /// Takes the frames of a packet in order, up to a close.
    pub(super) fn read_frames(
        &mut self,
        now: Timestamp,
        receive: &mut ReceiveCursor,
        mut hearing: Hearing,
        reader: &mut Reader<'_>,
        said: &mut Said,
    ) -> Result<(), Violation> {
        while let Some(frame) = Frame::read_from_server(reader) {
            if frame.is_data() {
                match hearing {
                    Hearing::All => self.take_data(now, receive, &frame)?,
                    Hearing::NoMessages => {}
                    Hearing::WelcomeFirst => {
                        return Err(Violation::malformed("order: a message before the welcome"));
                    }
                }
                continue;
            }
            match frame {
                Frame::Ack(ack) => self.take_ack(ack)?,
                Frame::Close(close) => {
                    said.close = Some(close);
                    return Ok(());
                }
                Frame::Drain(delay_ms) => said.drain = Some(delay_ms),
                Frame::Ping(nonce) => said.ping = Some(nonce),
                Frame::Pong(nonce) => said.pong = Some(nonce),
                Frame::Seek(position) => *receive = Some(position),
                Frame::Stale => said.stale = true,
                Frame::Welcome(welcome) => {
                    self.take_welcome(&welcome)?;
                    hearing = Hearing::All;
                    *receive = None;
                    said.welcome = Some(welcome.attach);
                }
                _ => return Err(Violation::malformed(OF_CLIENTS)),
            }
        }
        reader.check()
    }

    fn take_data(
        &mut self,
        now: Timestamp,
        receive: &mut ReceiveCursor,
        frame: &Frame<'_>,
    ) -> Result<(), Violation> {
        let delay = self.ack_delay();
        match self.duplex.handle_data(now, delay, receive, frame)? {
            Arrival::Message(payload) => {
                self.stats.messages_received += 1;
                let session = self.session;
                self.emit(Event::Message { session, payload });
            }
            Arrival::Duplicate | Arrival::Part => {}
        }
        Ok(())
    }

    fn take_ack(&mut self, ack: Ack) -> Result<(), Violation> {
        let before = self.duplex.outbox.acknowledged();
        let last: Option<MessageId> = self.duplex.handle_ack(ack)?;
        // A server that has anything of this session knows it: one that forgot it must not take it for a new one.
        self.welcomed |= ack.received.messages > 0;
        self.stats.messages_acknowledged += self.duplex.outbox.acknowledged() - before;
        if let Some(id) = last {
            self.emit(Event::Acknowledged(id));
        }
        Ok(())
    }

    fn take_welcome(&mut self, welcome: &Welcome) -> Result<(), Violation> {
        // A late create may have come true again on a server that had forgotten the session. Welcomes of one session
        // may overtake each other, so its name tells, and not whether it is called resumed.
        if *self.server_session.get_or_insert(welcome.session) != welcome.session {
            return Err(Violation::sequence(
                "welcome: a new session where one was to be resumed",
            ));
        }
        self.take_ack(welcome.ack)?;
        self.welcomed = true;
        self.heartbeat = Span::from_millis(welcome.heartbeat_ms);
        let limits = PeerLimits {
            max_message: welcome.max_message,
            window_bytes: welcome.window_bytes,
            window_messages: welcome.window_messages,
        };
        while let Some((id, payload)) = self.duplex.outbox.handle_limits(limits) {
            self.emit(Event::Dropped { id, payload });
        }
        Ok(())
    }
}
