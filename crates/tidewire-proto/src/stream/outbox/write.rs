//! Writing what waits to a carrier: from which place, how much, and in which pieces.

use super::{Entry, Outbox, PeerLimits};
use crate::config::Limits;
use crate::payload::Payload;
use crate::planted::planted;
use crate::stream::PACKET_DATA;
use crate::wire::{Position, Writer};

/// Least bytes of a fragment; below that a packet is left to end early.
const MIN_FRAGMENT: usize = 1024;

/// Type, two integers: what a data frame costs at most beyond its bytes.
const FRAME_COST: usize = 1 + 10 + 5;

/// How far the messages were written to one carrier.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SendCursor {
    at: Position,
    /// Whether the peer knows that place on this carrier.
    placed: bool,
}

impl SendCursor {
    /// How far it is.
    pub(crate) const fn position(&self) -> Position {
        self.at
    }
}

impl Outbox {
    /// A cursor at the place from which the peer needs the messages.
    pub(crate) fn cursor(&self) -> SendCursor {
        let mut at = self.received;
        if planted!(self, ClientDoesNotReplay) {
            at = self.transmitted.max(at);
        }
        if planted!(self, ServerDoesNotReplay) {
            at = self.transmitted.max(at);
        }
        if planted!(self, ReplayFromWrongPlace) && self.transmitted.messages > at.messages {
            at = Position::after(at.messages + 1);
        }
        SendCursor { at, placed: false }
    }

    /// Whether something can be written at `cursor`.
    pub(crate) fn has_more(&self, cursor: &SendCursor) -> bool {
        let at = cursor.at.max(self.received);
        let index = at.messages - self.acknowledged;
        self.sendable(index).is_some()
    }

    /// The entry at `index` from the oldest, if the peer takes it now.
    fn sendable(&self, index: u64) -> Option<&Entry> {
        let position = usize::try_from(index).ok()?;
        let entry = self.entries.get(position)?;
        let length = entry.payload.len() as u64;
        let window = self.peer.unwrap_or(PeerLimits {
            max_message: Limits::INITIAL_WINDOW_BYTES,
            window_bytes: Limits::INITIAL_WINDOW_BYTES,
            window_messages: Limits::INITIAL_WINDOW_MESSAGES,
        });
        let fits = index < window.window_messages
            && entry.end - self.acknowledged_bytes <= window.window_bytes;
        ((index == 0 || fits) && length <= window.max_message).then_some(entry)
    }

    /// Writes messages from `cursor` on, up to one packet's worth of bytes and at most `room` bytes in all.
    pub(crate) fn write(&mut self, cursor: &mut SendCursor, writer: &mut Writer, room: usize) {
        let end = writer.len() + room.min(PACKET_DATA + FRAME_COST + MIN_FRAGMENT);
        let mut data = 0;
        if cursor.at < self.received {
            *cursor = self.cursor();
        }
        loop {
            let index = cursor.at.messages - self.acknowledged;
            let Some(entry) = self.sendable(index) else {
                break;
            };
            let overhead = FRAME_COST + if cursor.placed { 0 } else { FRAME_COST + 5 };
            if writer.len() + overhead > end || data >= PACKET_DATA {
                break;
            }
            let room = end
                .saturating_sub(writer.len() + overhead)
                .min(PACKET_DATA.saturating_sub(data));
            let rest = entry
                .payload
                .as_bytes()
                .get(cursor.at.offset as usize..)
                .unwrap_or_default();
            let whole = rest.len() <= room;
            if !whole && room < MIN_FRAGMENT.min(rest.len()) {
                break;
            }
            let Some(piece) = rest.get(..rest.len().min(room)) else {
                break;
            };
            if !cursor.placed {
                writer.seek(cursor.at);
                cursor.placed = true;
            }
            let text = matches!(entry.payload, Payload::Text(_));
            if cursor.at.offset > 0 {
                writer.further(whole, piece);
            } else if whole {
                writer.message(text, piece);
            } else {
                writer.first(text, entry.payload.len() as u64, piece);
            }
            // An empty message counts too, or a packet could hold any number of them.
            data += piece.len().max(1);
            cursor.at = if whole {
                Position::after(cursor.at.messages + 1)
            } else {
                Position {
                    messages: cursor.at.messages,
                    offset: cursor.at.offset + piece.len() as u64,
                }
            };
            self.transmitted = self.transmitted.max(cursor.at);
        }
    }

    /// Writes messages from the place that the peer is known to have, in about `room` bytes. The place reached comes back.
    pub(crate) fn write_up_to(&mut self, writer: &mut Writer, room: usize) -> SendCursor {
        let mut cursor = self.cursor();
        let end = writer.len() + room;
        while self.has_more(&cursor) {
            let before = writer.len();
            self.write(
                &mut cursor,
                writer,
                end.saturating_sub(before).min(PACKET_DATA),
            );
            if writer.len() == before {
                break;
            }
        }
        cursor
    }
}
