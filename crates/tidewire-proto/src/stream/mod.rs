//! The two numbered streams of messages that make a session, the same on both sides.

mod inbox;
mod outbox;

pub(crate) use inbox::{Arrival, Inbox};
pub(crate) use outbox::{Outbox, PeerLimits, SendCursor};

use alloc::vec::Vec;

use crate::config::Limits;
use crate::error::Violation;
use crate::event::Unconfirmed;
use crate::id::MessageId;
use crate::time::{Span, Timestamp};
use crate::wire::{Ack, Frame, Position, Writer};

/// Message bytes in one packet: the longest that a control frame waits behind.
pub(crate) const PACKET_DATA: usize = 32 * 1024;

/// Where the message bytes that arrive on one carrier belong; `None` until the first `Seek`.
pub(crate) type ReceiveCursor = Option<Position>;

/// Both streams of one session, and when the peer is told what has arrived.
#[derive(Debug)]
pub(crate) struct Duplex {
    pub(crate) outbox: Outbox,
    pub(crate) inbox: Inbox,
    /// What the peer was last told.
    told: Ack,
    /// Bytes that the application has taken since.
    taken_bytes: u64,
    /// When it must be told what it does not know yet.
    ack_due: Option<Timestamp>,
}

impl Duplex {
    #[inline(never)]
    pub(crate) fn new(limits: &Limits, first_id: u64) -> Self {
        Self {
            outbox: Outbox::new(limits, first_id),
            inbox: Inbox::new(limits),
            told: Ack::default(),
            taken_bytes: 0,
            ack_due: None,
        }
    }

    /// Takes message bytes; a completed message comes back.
    pub(crate) fn handle_data(
        &mut self,
        now: Timestamp,
        ack_delay: Span,
        cursor: &mut ReceiveCursor,
        frame: &Frame<'_>,
    ) -> Result<Arrival, Violation> {
        let arrival = self.inbox.accept(cursor, frame)?;
        self.schedule_ack(now, ack_delay);
        Ok(arrival)
    }

    /// Takes an acknowledgement; the last message that it covers comes back when it covers new ones.
    pub(crate) fn handle_ack(&mut self, ack: Ack) -> Result<Option<MessageId>, Violation> {
        self.outbox.handle_ack(ack)
    }

    /// The application took so many messages.
    pub(crate) fn consumed(&mut self, now: Timestamp, ack_delay: Span, messages: u64) {
        self.taken_bytes += self.inbox.consumed(messages);
        self.schedule_ack(now, ack_delay);
    }

    /// What this side has, for a packet that may be in vain: it does not count as told.
    pub(crate) fn ack(&self) -> Ack {
        self.inbox.ack()
    }

    /// The peer is known to have been told this much and no more; the rest is told soon.
    pub(crate) fn retell(&mut self, now: Timestamp, ack_delay: Span, told: Ack) {
        self.told = told;
        self.schedule_ack(now, ack_delay);
    }

    /// What this side has, to be put into a packet; it counts as told from here on.
    pub(crate) fn take_ack(&mut self) -> Ack {
        self.told = self.inbox.ack();
        self.taken_bytes = 0;
        self.ack_due = None;
        self.told
    }

    /// Writes what this side has if the peer does not know it yet.
    pub(crate) fn write_ack(&mut self, writer: &mut Writer) {
        if self.told != self.inbox.ack() {
            let ack = self.take_ack();
            writer.ack(ack);
        }
        self.ack_due = None;
    }

    /// When the peer must be told what has arrived.
    pub(crate) const fn ack_due(&self) -> Option<Timestamp> {
        self.ack_due
    }

    /// Sets the time by which the peer is told, if there is news for it.
    fn schedule_ack(&mut self, now: Timestamp, ack_delay: Span) {
        let ack = self.inbox.ack();
        if ack == self.told {
            return;
        }
        let due = if self.inbox.is_ack_urgent(self.told, self.taken_bytes) {
            now
        } else {
            now + ack_delay
        };
        self.ack_due = Some(self.ack_due.map_or(due, |earlier| earlier.min(due)));
    }

    /// Everything that was never acknowledged, oldest first; the outbox is empty afterwards.
    pub(crate) fn take_unconfirmed(&mut self) -> Vec<Unconfirmed> {
        self.outbox.take_unconfirmed()
    }

    #[cfg(feature = "planted-bugs")]
    pub(crate) fn plant(&mut self, bug: crate::planted::Bug) {
        self.outbox.bug = Some(bug);
        self.inbox.bug = Some(bug);
    }

    /// Bytes that this session holds for its peer and its application.
    pub(crate) fn held_bytes(&self) -> usize {
        self.outbox.held_bytes() + self.inbox.held_bytes()
    }
}
