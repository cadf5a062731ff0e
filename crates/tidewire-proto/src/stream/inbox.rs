//! The receiving half: order, duplicates, fragments, and the bound on what the application has not taken.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::ReceiveCursor;
use crate::config::Limits;
use crate::error::Violation;
use crate::payload::Payload;
use crate::planted::planted;
use crate::wire::{Ack, Frame, Position};

/// What became of message bytes that arrived.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Arrival {
    /// All of them were here before.
    Duplicate,
    /// They complete this message.
    Message(Payload),
    /// They are part of a message that is not complete.
    Part,
}

/// The messages that the peer sends, numbered from the start of the session.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// Messages received completely.
    received: u64,
    /// The beginning of the message that follows.
    partial: Option<Partial>,
    /// Lengths of the messages that the application has not taken.
    waiting: VecDeque<usize>,
    waiting_bytes: u64,
    max_message: u64,
    window_bytes: u64,
    window_messages: u64,
    duplicates: u64,
    #[cfg(feature = "planted-bugs")]
    pub(crate) bug: Option<crate::planted::Bug>,
}

#[derive(Debug)]
struct Partial {
    text: bool,
    total: u64,
    bytes: Vec<u8>,
}

impl Inbox {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            received: 0,
            partial: None,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            max_message: limits.max_message,
            window_bytes: limits.window_bytes,
            window_messages: limits.window_messages,
            duplicates: 0,
            #[cfg(feature = "planted-bugs")]
            bug: None,
        }
    }

    /// Takes one data frame and moves the carrier's cursor past it.
    pub(crate) fn accept(
        &mut self,
        cursor: &mut ReceiveCursor,
        frame: &Frame<'_>,
    ) -> Result<Arrival, Violation> {
        let at = (*cursor).ok_or(Violation::malformed(
            "order: message bytes before their place",
        ))?;
        let piece = Piece::of(frame, at)?;
        let next = if piece.last {
            Position::after(at.messages.checked_add(1).ok_or(GAP)?)
        } else {
            Position {
                messages: at.messages,
                offset: piece.end,
            }
        };
        let arrival = self.take(at, &piece)?;
        *cursor = Some(next);
        if arrival == Arrival::Duplicate {
            self.duplicates += 1;
        }
        Ok(arrival)
    }

    fn take(&mut self, at: Position, piece: &Piece<'_>) -> Result<Arrival, Violation> {
        if at.messages < self.received && !(planted!(self, NoDeduplication) && piece.is_whole()) {
            return Ok(Arrival::Duplicate);
        }
        if at.messages > self.received {
            return Err(GAP);
        }
        let held = match self.partial.as_ref() {
            Some(partial) => {
                let agrees = piece
                    .start
                    .is_none_or(|start| (start.text, start.total) == (partial.text, partial.total));
                let ends = piece
                    .start
                    .map_or(piece.last == (piece.end == partial.total), |_| true);
                if !agrees || !ends || piece.end > partial.total {
                    return Err(Violation::malformed(
                        "fragment: it disagrees with the message it belongs to",
                    ));
                }
                partial.bytes.len() as u64
            }
            None => 0,
        };
        if at.offset > held {
            return Err(GAP);
        }
        if piece.end <= held && !piece.last {
            return Ok(Arrival::Duplicate);
        }
        if self.partial.is_none() {
            let start = piece.start.ok_or(GAP)?;
            self.admit(start.total)?;
            self.partial = Some(Partial {
                text: start.text,
                total: start.total,
                bytes: Vec::with_capacity(piece.bytes.len()),
            });
        }
        let known = usize::try_from(held - at.offset).map_err(|_| GAP)?;
        let news = piece.bytes.get(known..).unwrap_or_default();
        if let Some(partial) = self.partial.as_mut() {
            partial.bytes.extend_from_slice(news);
        }
        if !piece.last {
            return Ok(Arrival::Part);
        }
        match self.partial.take() {
            Some(partial) => self.complete(partial),
            None => Err(GAP),
        }
    }

    fn complete(&mut self, partial: Partial) -> Result<Arrival, Violation> {
        let length = partial.bytes.len();
        let payload = if partial.text {
            let text = String::from_utf8(partial.bytes)
                .map_err(|_| Violation::malformed("utf8: a text message that is not UTF-8"))?;
            Payload::Text(text)
        } else {
            Payload::Binary(partial.bytes)
        };
        self.received += 1;
        self.waiting.push_back(length);
        self.waiting_bytes += length as u64;
        Ok(Arrival::Message(payload))
    }

    /// Whether a new message of `total` bytes is within what the peer was allowed.
    fn admit(&self, total: u64) -> Result<(), Violation> {
        if total > self.max_message {
            return Err(Violation::too_large("message: longer than this side takes"));
        }
        let waiting = self.waiting.len() as u64;
        let fits = waiting < self.window_messages
            && self.waiting_bytes.saturating_add(total) <= self.window_bytes;
        if waiting > 0 && !fits {
            return Err(Violation::too_large(
                "window: more is unacknowledged than this side takes",
            ));
        }
        Ok(())
    }

    /// The application took so many messages. Answers with their bytes.
    pub(crate) fn consumed(&mut self, messages: u64) -> u64 {
        let before = self.waiting_bytes;
        for _ in 0..messages {
            let Some(length) = self.waiting.pop_front() else {
                break;
            };
            self.waiting_bytes -= length as u64;
        }
        before - self.waiting_bytes
    }

    /// What this side has and what its application has taken.
    pub(crate) fn ack(&self) -> Ack {
        let waiting = self.waiting.len() as u64;
        let offset = self
            .partial
            .as_ref()
            .map_or(0, |partial| partial.bytes.len() as u64);
        let mut ack = Ack {
            received: Position {
                messages: self.received,
                offset,
            },
            acknowledged: self.received - waiting,
        };
        if planted!(self, AckOffByOne) {
            ack.acknowledged = self.received.min(ack.acknowledged + 1);
        }
        if planted!(self, AckOnReceipt) {
            ack.acknowledged = self.received;
        }
        if planted!(self, FragmentCountsAsMessage) && offset > 0 {
            ack.received = Position::after(self.received + 1);
        }
        ack
    }

    /// Whether the peer is close to having to wait for news: it was told only `told`, and not that so many bytes were taken since.
    pub(crate) fn is_ack_urgent(&self, told: Ack, taken_bytes: u64) -> bool {
        let ack = self.ack();
        ack.acknowledged - told.acknowledged >= self.window_messages / 8
            || ack.received.messages - told.received.messages >= self.window_messages / 8
            || taken_bytes >= self.window_bytes / 8
    }

    /// Whether a message has come in part.
    pub(crate) const fn is_partial(&self) -> bool {
        self.partial.is_some()
    }

    pub(crate) const fn received(&self) -> u64 {
        self.received
    }

    /// Messages that the application has not taken.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Bytes of the messages that the application has not taken.
    pub(crate) const fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes
    }

    /// Without the beginning of a message whose end will never come.
    pub(crate) fn without_partial(mut self) -> Self {
        self.partial = None;
        self
    }

    pub(crate) const fn duplicates(&self) -> u64 {
        self.duplicates
    }

    pub(crate) fn held_bytes(&self) -> usize {
        let partial = self
            .partial
            .as_ref()
            .map_or(0, |partial| partial.bytes.len());
        partial + self.waiting_bytes as usize + self.waiting.len() * Limits::MESSAGE_COST
    }
}

const GAP: Violation = Violation::sequence("gap: message bytes are missing before these");

/// A data frame, placed.
struct Piece<'a> {
    start: Option<Start>,
    bytes: &'a [u8],
    /// Offset of the byte after the piece.
    end: u64,
    last: bool,
}

#[derive(Clone, Copy)]
struct Start {
    text: bool,
    total: u64,
}

impl<'a> Piece<'a> {
    /// Whether it is a message of its own: needed only to deliver one twice on purpose.
    const fn is_whole(&self) -> bool {
        self.start.is_some() && self.last
    }

    fn of(frame: &Frame<'a>, at: Position) -> Result<Self, Violation> {
        let (start, bytes, last) = match *frame {
            Frame::Message { text, bytes } => {
                let total = bytes.len() as u64;
                (Some(Start { text, total }), bytes, true)
            }
            Frame::First { text, total, bytes } => {
                if bytes.len() as u64 >= total {
                    return Err(Violation::malformed(
                        "fragment: a first fragment that is the whole message",
                    ));
                }
                (Some(Start { text, total }), bytes, false)
            }
            Frame::Further { last, bytes } => (None, bytes, last),
            _ => return Err(Violation::malformed("type: not a data frame")),
        };
        if start.is_some() != (at.offset == 0) {
            return Err(Violation::malformed(
                "fragment: a message begins inside another, or goes on without a beginning",
            ));
        }
        let end = at.offset.checked_add(bytes.len() as u64).ok_or(GAP)?;
        Ok(Self {
            start,
            bytes,
            end,
            last,
        })
    }
}
