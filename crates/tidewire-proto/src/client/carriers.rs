//! What a client tries, and what carries its session.

use crate::id::CarrierId;
use crate::stream::{ReceiveCursor, SendCursor};
use crate::time::{Span, Timestamp};
use crate::transport::Transport;
use crate::wire::Ack;

/// Which carrier the session's messages travel on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Active {
    Http,
    None,
    Socket(CarrierId),
}

/// How far a socket has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// The handshake runs.
    Opening,
    /// It is open, and a hello is due or was sent; `attach` is 0 until then.
    Greeting,
    /// The server has spoken: it works.
    Live,
}

/// A WebSocket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) id: CarrierId,
    pub(super) stage: Stage,
    /// A welcome came on it and was overtaken: the messages after that welcome come again after the next.
    pub(super) skips: bool,
    /// Attach number of the last hello on it; 0 when a hello is due.
    pub(super) attach: u64,
    /// What that hello said of the messages received.
    pub(super) told: Ack,
    /// When it must have come about; only before it is live.
    pub(super) deadline: Timestamp,
    pub(super) send: SendCursor,
    pub(super) receive: ReceiveCursor,
    pub(super) writable: bool,
    pub(super) ping: Option<u64>,
    pub(super) pong: Option<u64>,
    pub(super) probe: Option<Probe>,
    pub(super) greeted_at: Timestamp,
    pub(super) last_heard: Timestamp,
}

impl Socket {
    pub(super) fn new(
        now: Timestamp,
        id: CarrierId,
        deadline: Timestamp,
        send: SendCursor,
    ) -> Self {
        Self {
            id,
            stage: Stage::Opening,
            skips: false,
            attach: 0,
            told: Ack::default(),
            deadline,
            send,
            receive: None,
            writable: true,
            ping: None,
            pong: None,
            probe: None,
            greeted_at: now,
            last_heard: now,
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }

    pub(super) const fn has_control(&self) -> bool {
        self.ping.is_some() || self.pong.is_some()
    }
}

/// A ping whose answer is awaited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) nonce: u64,
    pub(super) sent_at: Timestamp,
    pub(super) deadline: Timestamp,
    /// Times that the deadline passed while the page did not run.
    pub(super) extended: u8,
}

/// The HTTP exchanges of one attach.
#[derive(Debug)]
pub(super) struct Http {
    /// 0 when the next request draws a new number.
    pub(super) attach: u64,
    pub(super) welcomed: bool,
    /// Number of the last exchange of this attach.
    pub(super) exchange: u64,
    /// The request that asks for messages.
    pub(super) poll: Option<Exchange>,
    /// The request that brings messages while a poll is held.
    pub(super) send: Option<Exchange>,
    /// How far the messages were written to requests that are on their way.
    pub(super) sent: SendCursor,
    /// Until then the next held poll waits for the application to take what the last one brought.
    pub(super) rests_until: Timestamp,
    /// Scheduled polling: when the next request is due.
    pub(super) poll_at: Timestamp,
    pub(super) interval: Span,
    pub(super) hold: Span,
    /// Holds in a row that were cut or came late.
    pub(super) bad_holds: u32,
    /// Holds in a row that went well since the last that did not, or since a longer one was tried.
    pub(super) good_holds: u32,
    /// Holds do not work here for now.
    pub(super) demoted: bool,
    /// Exchanges in a row that failed.
    pub(super) strikes: u32,
    /// The server has seen a higher attach number of ours; wait for what becomes of that carrier.
    pub(super) overtaken: bool,
    /// A ping is due.
    pub(super) ping: Option<u64>,
    /// The next exchange must be answered within the time of a probe.
    pub(super) probing: bool,
}

impl Http {
    pub(super) const fn new(now: Timestamp, interval: Span, hold: Span, sent: SendCursor) -> Self {
        Self {
            sent,
            rests_until: now,
            attach: 0,
            welcomed: false,
            exchange: 0,
            poll: None,
            send: None,
            poll_at: now,
            interval,
            hold,
            bad_holds: 0,
            good_holds: 0,
            demoted: false,
            strikes: 0,
            overtaken: false,
            ping: None,
            probing: false,
        }
    }

    /// Changes each request that is on its way.
    pub(super) fn for_each(&mut self, mut change: impl FnMut(&mut Exchange)) {
        if let Some(poll) = &mut self.poll {
            change(poll);
        }
        if let Some(send) = &mut self.send {
            change(send);
        }
    }

    /// Takes out a request of which this is true.
    pub(super) fn take_if(&mut self, is_it: impl Fn(&mut Exchange) -> bool) -> Option<Exchange> {
        let poll = self.poll.take_if(&is_it);
        poll.or_else(|| self.send.take_if(is_it))
    }

    /// Starts over with a new attach number.
    pub(super) const fn reattach(&mut self, now: Timestamp) {
        self.attach = 0;
        self.welcomed = false;
        self.exchange = 0;
        self.overtaken = false;
        self.poll_at = now;
    }
}

/// One HTTP request on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    pub(super) id: CarrierId,
    pub(super) attach: u64,
    pub(super) number: u64,
    /// The transport that it counts for.
    pub(super) transport: Transport,
    pub(super) held: bool,
    /// The request told that no welcome is needed.
    pub(super) welcomed: bool,
    /// It brings messages.
    pub(super) brings: bool,
    /// It must be answered within the time of a probe.
    pub(super) probe: bool,
    /// Its deadline passed once while the page did not run.
    pub(super) extended: bool,
    pub(super) sent_at: Timestamp,
    pub(super) deadline: Timestamp,
}
