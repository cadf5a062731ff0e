//! Writes a packet.

use alloc::vec::Vec;

use super::frame::FrameKind;
use super::{Ack, Position, Welcome};
use crate::close::Close;

/// Collects the frames of one packet.
#[derive(Debug, Default)]
pub struct Writer {
    packet: Vec<u8>,
}

impl Writer {
    /// Bytes written so far.
    pub const fn len(&self) -> usize {
        self.packet.len()
    }

    /// Whether nothing was written.
    pub const fn is_empty(&self) -> bool {
        self.packet.is_empty()
    }

    /// The finished packet.
    pub fn into_packet(self) -> Vec<u8> {
        self.packet
    }

    /// Bytes that [`varint`](Self::varint) needs for `value`.
    pub const fn varint_len(value: u64) -> usize {
        let bits = 64 - (value | 1).leading_zeros() as usize;
        bits.div_ceil(7)
    }

    /// Writes an unsigned integer as LEB128.
    pub fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.packet.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.packet.push(value as u8);
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.packet.push(byte);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.packet.extend_from_slice(bytes);
    }

    /// Writes a length and that many bytes.
    pub(crate) fn prefixed(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.raw(bytes);
    }

    /// Writes what has been received and acknowledged.
    pub fn ack(&mut self, ack: Ack) {
        if ack.received.offset == 0 {
            self.byte(FrameKind::ACK);
            self.varint(ack.received.messages);
            self.varint(ack.received.messages - ack.acknowledged);
        } else {
            self.byte(FrameKind::ACK_PARTIAL);
            self.varint(ack.received.messages);
            self.varint(ack.received.messages - ack.acknowledged);
            self.varint(ack.received.offset);
        }
    }

    /// Writes the place of the message bytes that follow.
    pub fn seek(&mut self, position: Position) {
        self.byte(FrameKind::SEEK);
        self.varint(position.messages);
        self.varint(position.offset);
    }

    /// Writes a heartbeat.
    pub fn ping(&mut self, nonce: u64) {
        self.byte(FrameKind::PING);
        self.varint(nonce);
    }

    /// Writes the answer to a heartbeat.
    pub fn pong(&mut self, nonce: u64) {
        self.byte(FrameKind::PONG);
        self.varint(nonce);
    }

    /// Writes the request to move to another connection within `delay_ms` milliseconds.
    pub fn drain(&mut self, delay_ms: u64) {
        self.byte(FrameKind::DRAIN);
        self.varint(delay_ms);
    }

    /// Writes that the attach number was too low, and that a higher one may follow on this connection.
    pub fn stale(&mut self) {
        self.byte(FrameKind::STALE);
    }

    /// Writes the end of the session or the refusal of an attach.
    pub fn close(&mut self, close: &Close) {
        self.byte(FrameKind::CLOSE);
        self.varint(u64::from(close.code.0));
        let retry_after = close
            .retry_after
            .map_or(0, |delay| (delay.as_millis() as u64).max(1));
        self.varint(retry_after);
        // The reason is a public field: one that is too long would be refused instead of heard.
        self.prefixed(Close::cut(&close.reason).as_bytes());
    }

    /// Writes what an HTTP answer belongs to and how long it was held, in milliseconds.
    pub fn answer(&mut self, attach: u64, exchange: u64, held_ms: u64) {
        self.byte(FrameKind::ANSWER);
        self.varint(attach);
        self.varint(exchange);
        self.varint(held_ms);
    }

    /// Writes the server's word on an attach.
    pub fn welcome(&mut self, welcome: &Welcome) {
        self.byte(FrameKind::WELCOME);
        welcome.write(self);
    }

    /// Writes a whole message.
    pub fn message(&mut self, text: bool, bytes: &[u8]) {
        self.byte(if text {
            FrameKind::TEXT
        } else {
            FrameKind::BINARY
        });
        self.prefixed(bytes);
    }

    /// Writes the first fragment of a message of `total` bytes.
    pub fn first(&mut self, text: bool, total: u64, bytes: &[u8]) {
        self.byte(if text {
            FrameKind::FIRST_TEXT
        } else {
            FrameKind::FIRST_BINARY
        });
        self.varint(total);
        self.prefixed(bytes);
    }

    /// Writes a further fragment.
    pub fn further(&mut self, last: bool, bytes: &[u8]) {
        self.byte(if last {
            FrameKind::LAST
        } else {
            FrameKind::CONTINUE
        });
        self.prefixed(bytes);
    }
}
