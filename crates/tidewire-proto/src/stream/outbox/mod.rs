//! The sending half: what waits for its acknowledgement, within a bound.

mod write;

pub(crate) use write::SendCursor;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::config::Limits;
use crate::error::{SendError, SendErrorKind, Violation};
use crate::event::Unconfirmed;
use crate::id::MessageId;
use crate::payload::Payload;
use crate::planted::planted;
use crate::wire::{Ack, Position};

/// What the peer takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerLimits {
    pub(crate) max_message: u64,
    pub(crate) window_bytes: u64,
    pub(crate) window_messages: u64,
}

/// The messages that this side sends, numbered from the start of the session.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// Not acknowledged, oldest first.
    entries: VecDeque<Entry>,
    acknowledged: u64,
    /// What the peer has said it received.
    received: Position,
    /// The furthest place ever written to a carrier.
    transmitted: Position,
    /// Cost of the entries, for the bound.
    held: usize,
    /// Message bytes accepted since the start of the session.
    accepted_bytes: u64,
    /// Message bytes acknowledged since the start of the session.
    acknowledged_bytes: u64,
    next_id: u64,
    /// Before the peer said what it takes, every peer takes the initial window.
    peer: Option<PeerLimits>,
    max_message: u64,
    max_bytes: usize,
    max_messages: usize,
    /// Messages of which the application knows that they left.
    told_sent: u64,
    /// The cost of the last message that was refused since there was last room.
    refused: Option<usize>,
    /// What was acknowledged, for the bug that reports it.
    #[cfg(feature = "planted-bugs")]
    ghosts: Vec<Entry>,
    #[cfg(feature = "planted-bugs")]
    pub(crate) bug: Option<crate::planted::Bug>,
}

#[derive(Debug)]
struct Entry {
    id: MessageId,
    payload: Payload,
    /// Message bytes accepted up to the end of this one.
    end: u64,
}

impl Entry {
    fn cost(&self) -> usize {
        self.payload.len() + Limits::MESSAGE_COST
    }
}

impl Outbox {
    pub(crate) fn new(limits: &Limits, first_id: u64) -> Self {
        Self {
            entries: VecDeque::new(),
            acknowledged: 0,
            received: Position::default(),
            transmitted: Position::default(),
            held: 0,
            accepted_bytes: 0,
            acknowledged_bytes: 0,
            next_id: first_id,
            peer: None,
            max_message: limits.max_message,
            max_bytes: limits.outbox_bytes,
            max_messages: limits.outbox_messages,
            told_sent: 0,
            refused: None,
            #[cfg(feature = "planted-bugs")]
            ghosts: Vec::new(),
            #[cfg(feature = "planted-bugs")]
            bug: None,
        }
    }

    /// The longest message that the peer takes, in bytes, as far as is known.
    pub(crate) fn max_message(&self) -> u64 {
        self.peer.map_or(self.max_message, |peer| peer.max_message)
    }

    /// Takes a message, or hands it back.
    pub(crate) fn push(&mut self, payload: Payload) -> Result<MessageId, SendError> {
        let limit = self.max_message();
        if payload.len() as u64 > limit {
            return Err(SendError {
                payload,
                kind: SendErrorKind::TooLarge { limit },
            });
        }
        let cost = payload.len() + Limits::MESSAGE_COST;
        let asked = if planted!(self, BoundCheckedAfterInsert) {
            0
        } else {
            cost
        };
        let fits = self.entries.len() < self.max_messages && self.held + asked <= self.max_bytes;
        if !fits && !self.entries.is_empty() {
            self.refused = Some(cost);
            return Err(SendError {
                payload,
                kind: SendErrorKind::Full,
            });
        }
        let id = self.draw_id();
        self.held += cost;
        self.accepted_bytes += payload.len() as u64;
        self.entries.push_back(Entry {
            id,
            payload,
            end: self.accepted_bytes,
        });
        Ok(id)
    }

    /// A name for a message, whether it is kept or not.
    pub(crate) fn draw_id(&mut self) -> MessageId {
        let id = MessageId(self.next_id);
        self.next_id += 1;
        id
    }

    /// Whether a message of `length` bytes would fit if everything that may be dropped were.
    pub(crate) fn can_make_room(&self, length: usize) -> bool {
        let kept = self.first_untransmitted().min(self.entries.len());
        let kept_entries = (0..kept).filter_map(|index| self.entries.get(index));
        let held: usize = kept_entries.map(Entry::cost).sum();
        kept == 0
            || (kept < self.max_messages && held + length + Limits::MESSAGE_COST <= self.max_bytes)
    }

    /// Takes out the oldest message of which nothing was transmitted.
    pub(crate) fn drop_oldest(&mut self) -> Option<(MessageId, Payload)> {
        let index = self.first_untransmitted();
        self.remove(index)
    }

    /// Learns what the peer takes; the next message that is longer comes back, call again until none does.
    pub(crate) fn handle_limits(&mut self, peer: PeerLimits) -> Option<(MessageId, Payload)> {
        self.peer = Some(peer);
        let first = self.first_untransmitted();
        let index = (first..self.entries.len()).find(|index| {
            let entry = self.entries.get(*index);
            entry.is_some_and(|entry| entry.payload.len() as u64 > peer.max_message)
        })?;
        self.remove(index)
    }

    fn first_untransmitted(&self) -> usize {
        if planted!(self, DropsWhatHasLeft) {
            return 0;
        }
        let started = u64::from(self.transmitted.offset > 0);
        (self.transmitted.messages + started - self.acknowledged) as usize
    }

    fn remove(&mut self, index: usize) -> Option<(MessageId, Payload)> {
        let mut removed = None;
        let mut length = 0;
        for place in 0..self.entries.len() {
            let mut entry = self.entries.pop_front()?;
            if place == index {
                length = entry.payload.len() as u64;
                self.held -= entry.cost();
                removed = Some((entry.id, entry.payload));
            } else {
                entry.end -= length;
                self.entries.push_back(entry);
            }
        }
        self.accepted_bytes -= length;
        removed
    }

    /// Learns what the peer has; the last message that it newly acknowledges comes back.
    pub(crate) fn handle_ack(&mut self, ack: Ack) -> Result<Option<MessageId>, Violation> {
        if ack.received > self.transmitted || !self.is_inside(ack.received) {
            return Err(Violation::sequence("ack: it covers what was never sent"));
        }
        self.received = self.received.max(ack.received);
        let mut last = None;
        while self.acknowledged < ack.acknowledged {
            let Some(entry) = self.entries.pop_front() else {
                break;
            };
            self.acknowledged += 1;
            self.acknowledged_bytes = entry.end;
            self.held -= entry.cost();
            last = Some(entry.id);
            #[cfg(feature = "planted-bugs")]
            if planted!(self, UnconfirmedTooMuch) {
                self.ghosts.push(entry);
            }
        }
        Ok(last)
    }

    /// Whether an offset lies inside the message that it belongs to; that of an old acknowledgement no longer matters.
    fn is_inside(&self, position: Position) -> bool {
        let Some(index) = position.messages.checked_sub(self.acknowledged) else {
            return true;
        };
        let entry = usize::try_from(index)
            .ok()
            .and_then(|index| self.entries.get(index));
        position.offset == 0
            || entry.is_some_and(|entry| position.offset < entry.payload.len() as u64)
    }

    /// Whether there is room again after a refusal, for the refused message too; true once for each refusal.
    pub(crate) fn take_capacity(&mut self) -> bool {
        let Some(cost) = self.refused else {
            return false;
        };
        let half_empty =
            self.held * 2 <= self.max_bytes && self.entries.len() * 2 <= self.max_messages;
        let fits = self.held + cost <= self.max_bytes && self.entries.len() < self.max_messages;
        let room = self.entries.is_empty() || (half_empty && fits);
        if room {
            self.refused = None;
        }
        room
    }

    /// The last message that newly left as a whole, if it still waits for its acknowledgement.
    pub(crate) fn take_sent(&mut self) -> Option<MessageId> {
        if self.told_sent >= self.transmitted.messages {
            return None;
        }
        self.told_sent = self.transmitted.messages;
        let index = self.told_sent.checked_sub(self.acknowledged + 1)?;
        let entry = self.entries.get(usize::try_from(index).ok()?)?;
        Some(entry.id)
    }

    /// Bare mode: the next message leaves and is forgotten.
    pub(crate) fn pop(&mut self) -> Option<(MessageId, Payload)> {
        let entry = self.entries.pop_front()?;
        self.acknowledged += 1;
        self.acknowledged_bytes = entry.end;
        self.held -= entry.cost();
        self.transmitted = Position::after(self.acknowledged);
        self.received = self.transmitted;
        Some((entry.id, entry.payload))
    }

    /// Everything that was never acknowledged, oldest first.
    pub(crate) fn take_unconfirmed(&mut self) -> Vec<Unconfirmed> {
        let untouched = self.first_untransmitted();
        self.held = 0;
        let mut entries = core::mem::take(&mut self.entries);
        #[cfg(feature = "planted-bugs")]
        self.falsify(&mut entries);
        let mut unconfirmed = Vec::with_capacity(entries.len());
        while let Some(entry) = entries.pop_front() {
            unconfirmed.push(Unconfirmed {
                id: entry.id,
                transmitted: unconfirmed.len() < untouched,
                payload: entry.payload,
            });
        }
        unconfirmed
    }

    #[cfg(feature = "planted-bugs")]
    fn falsify(&mut self, entries: &mut VecDeque<Entry>) {
        if planted!(self, UnconfirmedForgotten) {
            entries.clear();
        }
        for ghost in self.ghosts.drain(..) {
            entries.push_front(ghost);
        }
    }

    pub(crate) const fn next_id(&self) -> u64 {
        self.next_id
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the peer has received everything, taken by its application or not.
    pub(crate) fn is_received(&self) -> bool {
        self.received == Position::after(self.acknowledged + self.entries.len() as u64)
    }

    pub(crate) const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    pub(crate) const fn received(&self) -> Position {
        self.received
    }

    pub(crate) const fn held_bytes(&self) -> usize {
        self.held
    }
}
