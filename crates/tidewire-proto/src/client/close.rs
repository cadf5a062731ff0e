//! Leaving: gracefully, at once, or because the page goes away.

use alloc::vec::Vec;

use super::carriers::{Active, Stage};
use super::{Client, Closing, Phase};
use crate::close::{Close, CloseCode};
use crate::event::{Cause, Event, Output, State};
use crate::payload::Payload;
use crate::planted::planted;
use crate::time::Timestamp;
use crate::wire::{HelloMode, Writer};

/// What a hello and a close need at most, tokens apart, in a packet of limited size.
const ENVELOPE: usize = 256;

impl Client {
    /// Ends the session gracefully: what was sent before is acknowledged first, or the close timeout passes; the server is told
    /// code and reason. [`Event::Closed`](crate::Event::Closed) follows.
    pub fn close(&mut self, now: Timestamp, close: Close) {
        self.now = now;
        match self.phase {
            Phase::Closed => {}
            Phase::Idle => self.finish(Cause::ByApplication),
            _ if self.closing.is_some() => {}
            _ => {
                self.closing = Some(Closing {
                    close,
                    deadline: now + self.config.close_timeout,
                    told: None,
                });
            }
        }
    }

    /// Tells the server of a close once its application has everything.
    pub(super) fn pump_close(&mut self, now: Timestamp) {
        let is_due = self
            .closing
            .as_ref()
            .is_some_and(|closing| closing.told.is_none());
        if !is_due || !self.duplex.outbox.is_empty() {
            return;
        }
        match self.active {
            // A session that never was, with nothing to send, needs no farewell.
            Active::None => {
                if !self.welcomed {
                    self.finish(Cause::ByApplication);
                }
            }
            Active::Http => self.tell_over_http(now),
            Active::Socket(id) => {
                if self.socket(id).is_none_or(|socket| socket.writable) {
                    self.close_now();
                }
            }
        }
    }

    /// The close timeout passed, or everything is said: the client ends.
    pub(super) fn close_now(&mut self) {
        if let Some(closing) = self.closing.take() {
            if let Some(carrier) = closing.told {
                self.outputs.push_back(Output::Abort { carrier });
            }
            self.farewell(closing.close);
        }
        self.finish(Cause::ByApplication);
    }

    /// Ends at once, without events: what a dropped handle does. Sockets are told; HTTP exchanges are aborted, and a session
    /// that they carried ends on the server when its life is over.
    pub fn abandon(&mut self, now: Timestamp) {
        self.now = now;
        for _ in 0..self.outputs.len() {
            if let Some(output @ (Output::Abort { .. } | Output::CloseSocket { .. })) =
                self.outputs.pop_front()
            {
                self.outputs.push_back(output);
            }
        }
        self.farewell(Close::new(
            CloseCode::NORMAL,
            "closed: the client was dropped",
        ));
        self.drop_carriers(None);
        if let Some(carrier) = self.closing.take().and_then(|closing| closing.told) {
            self.outputs.push_back(Output::Abort { carrier });
        }
        self.phase = Phase::Closed;
        self.told_state = self.state();
        self.told_transport = None;
    }

    /// Closes the socket that carries the session, with the close told inside the protocol as well.
    fn farewell(&mut self, close: Close) {
        let Active::Socket(id) = self.active else {
            return;
        };
        if !self.is_bare() {
            let mut writer = Writer::default();
            self.duplex.write_ack(&mut writer);
            writer.close(&close);
            self.transmit(id, Payload::Binary(writer.into_packet()));
        }
        self.take_socket(id);
        self.active = Active::None;
        self.close_socket(id, Self::browser_close(close));
    }

    fn tell_over_http(&mut self, now: Timestamp) {
        let Some(http) = &mut self.http else {
            return;
        };
        if !http.welcomed || http.overtaken {
            return;
        }
        http.exchange += 1;
        let (attach, number) = (http.attach, http.exchange);
        let transport = self.http_transport();
        let carrier = self.draw_carrier();
        let mut writer = self.hello(HelloMode::Send, attach, number, true);
        let Some(closing) = &mut self.closing else {
            return;
        };
        writer.close(&closing.close);
        closing.told = Some(carrier);
        closing.deadline = closing.deadline.max(now + self.config.probe_timeout);
        self.post(carrier, writer.into_packet(), false, transport);
    }

    /// The body of one last request at `pagehide`, to be sent with `keepalive`: what the server is not known to have, oldest
    /// first, in at most `max_bytes`. `leaving` says that the page will not come back, and ends the session if all of it fits.
    ///
    /// Nothing is forgotten: what is flushed stays unacknowledged until it is acknowledged, and the server drops what it
    /// gets twice. `None` when there is nothing to say.
    pub fn flush_for_unload(
        &mut self,
        now: Timestamp,
        leaving: bool,
        max_bytes: usize,
    ) -> Option<Vec<u8>> {
        self.now = now;
        let never_tried = matches!(self.phase, Phase::Idle | Phase::Closed);
        let unsent = !self.duplex.outbox.is_received();
        let ends = leaving && self.welcomed;
        if never_tried || self.is_bare() || !(unsent || ends) {
            return None;
        }
        let room = max_bytes.checked_sub(ENVELOPE + self.token.len())?;
        let (attach, number, welcomed) = match &mut self.http {
            Some(http) if self.active == Active::Http && http.welcomed && !http.overtaken => {
                http.exchange += 1;
                (http.attach, http.exchange, true)
            }
            _ => (self.draw_attach(), 1, false),
        };
        let mut writer = self.hello(HelloMode::Send, attach, number, welcomed);
        let send = self.duplex.outbox.write_up_to(&mut writer, room);
        // With something left to say, the session stays open for what is on its way on the socket.
        if ends && !self.duplex.outbox.has_more(&send) {
            writer.close(&Close::new(
                CloseCode::GOING_AWAY,
                "going-away: the page was left",
            ));
        }
        // The number may be above that of a socket that still greets: it must ask again if the page comes back.
        for socket in &mut self.sockets {
            if socket.stage == Stage::Greeting {
                socket.attach = 0;
            }
        }
        if planted!(self, KeepaliveForgets) {
            let _ = self.duplex.take_unconfirmed();
        }
        Some(writer.into_packet())
    }

    /// The client is closed for good.
    pub(super) fn finish(&mut self, cause: Cause) {
        if self.phase == Phase::Closed {
            return;
        }
        self.drop_carriers(None);
        self.phase = Phase::Closed;
        if let Some(carrier) = self.closing.take().and_then(|closing| closing.told) {
            self.outputs.push_back(Output::Abort { carrier });
        }
        // Nothing is said after the last word.
        self.told_transport = None;
        self.told_state = State::Closed;
        self.emit(Event::State(State::Closed));
        let unconfirmed = self.duplex.take_unconfirmed();
        self.emit(Event::Closed { cause, unconfirmed });
    }
}
