//! The frames of a packet.

use core::time::Duration;

use super::{Hello, Position, Reader, Welcome};
use crate::close::{Close, CloseCode};
use crate::error::Violation;

/// What the receiver of a direction has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Ack {
    /// Everything before this place has been received.
    pub received: Position,
    /// So many messages have been taken by the application; at most the received ones.
    pub acknowledged: u64,
}

/// One frame, borrowed from its packet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Frame<'a> {
    /// What has been received and acknowledged.
    Ack(Ack),
    /// What an HTTP answer belongs to: attach, exchange, milliseconds held.
    Answer {
        /// Attach number of the request.
        attach: u64,
        /// Exchange number of the request.
        exchange: u64,
        /// How long the server held the answer on purpose, in milliseconds.
        held_ms: u64,
    },
    /// The end of the session or the refusal of an attach.
    Close(Close),
    /// The server asks to move to another connection within so many milliseconds.
    Drain(u64),
    /// The first fragment of a message.
    First {
        /// Text or binary.
        text: bool,
        /// Length of the whole message.
        total: u64,
        /// The fragment.
        bytes: &'a [u8],
    },
    /// A further fragment.
    Further {
        /// Whether it completes the message.
        last: bool,
        /// The fragment.
        bytes: &'a [u8],
    },
    /// Who attaches, and how.
    Hello(Hello),
    /// A whole message.
    Message {
        /// Text or binary.
        text: bool,
        /// The message.
        bytes: &'a [u8],
    },
    /// A heartbeat.
    Ping(u64),
    /// The answer to a heartbeat.
    Pong(u64),
    /// The place of the message bytes that follow.
    Seek(Position),
    /// The attach number was too low; a higher one may follow on this connection.
    Stale,
    /// The server's word on an attach.
    Welcome(Welcome),
}

/// The first byte of a frame.
#[derive(Debug)]
pub struct FrameKind;

impl FrameKind {
    /// [`Frame::Hello`]
    pub const HELLO: u8 = 0x01;
    /// [`Frame::Welcome`]
    pub const WELCOME: u8 = 0x02;
    /// [`Frame::Answer`]
    pub const ANSWER: u8 = 0x03;
    /// [`Frame::Ack`] between two messages
    pub const ACK: u8 = 0x04;
    /// [`Frame::Ack`] inside a message
    pub const ACK_PARTIAL: u8 = 0x05;
    /// [`Frame::Ping`]
    pub const PING: u8 = 0x06;
    /// [`Frame::Pong`]
    pub const PONG: u8 = 0x07;
    /// [`Frame::Drain`]
    pub const DRAIN: u8 = 0x08;
    /// [`Frame::Close`]
    pub const CLOSE: u8 = 0x09;
    /// [`Frame::Seek`]
    pub const SEEK: u8 = 0x0a;
    /// [`Frame::Stale`]
    pub const STALE: u8 = 0x0b;
    /// [`Frame::Message`], text
    pub const TEXT: u8 = 0x10;
    /// [`Frame::Message`], binary
    pub const BINARY: u8 = 0x11;
    /// [`Frame::First`], text
    pub const FIRST_TEXT: u8 = 0x12;
    /// [`Frame::First`], binary
    pub const FIRST_BINARY: u8 = 0x13;
    /// [`Frame::Further`], more follow
    pub const CONTINUE: u8 = 0x14;
    /// [`Frame::Further`], the last one
    pub const LAST: u8 = 0x15;
}

/// The rule that a server breaks with a hello.
pub(crate) const OF_CLIENTS: &str = "order: a frame that a server does not send here";

impl<'a> Frame<'a> {
    /// The next frame of a packet, or `None` at its end.
    ///
    /// # Errors
    ///
    /// The rule that the packet breaks.
    pub fn read(reader: &mut Reader<'a>) -> Result<Option<Self>, Violation> {
        if reader.rest().first() == Some(&FrameKind::HELLO) {
            reader.byte();
            return Ok(Some(Self::Hello(Hello::read(reader)?)));
        }
        let frame = Self::read_from_server(reader);
        reader.check()?;
        Ok(frame)
    }

    /// The next frame of a packet, for a client: it need not know how to read what no server sends.
    ///
    /// `None` at the end of the packet, and from a violation on, which the reader tells.
    pub(crate) fn read_from_server(reader: &mut Reader<'a>) -> Option<Self> {
        if reader.is_empty() {
            return None;
        }
        let frame = match reader.byte() {
            FrameKind::WELCOME => Self::Welcome(Welcome::read(reader)),
            FrameKind::ANSWER => Self::Answer {
                attach: reader.varint(),
                exchange: reader.varint(),
                held_ms: reader.varint(),
            },
            FrameKind::ACK => Self::Ack(read_ack(reader, false)),
            FrameKind::ACK_PARTIAL => Self::Ack(read_ack(reader, true)),
            FrameKind::PING => Self::Ping(reader.varint()),
            FrameKind::PONG => Self::Pong(reader.varint()),
            FrameKind::DRAIN => Self::Drain(reader.varint()),
            FrameKind::CLOSE => Self::Close(read_close(reader)),
            FrameKind::SEEK => Self::Seek(read_position(reader)),
            FrameKind::STALE => Self::Stale,
            kind @ (FrameKind::TEXT | FrameKind::BINARY) => Self::Message {
                text: kind == FrameKind::TEXT,
                bytes: read_bytes(reader),
            },
            kind @ (FrameKind::FIRST_TEXT | FrameKind::FIRST_BINARY) => Self::First {
                text: kind == FrameKind::FIRST_TEXT,
                total: reader.varint(),
                bytes: read_fragment(reader),
            },
            kind @ (FrameKind::CONTINUE | FrameKind::LAST) => Self::Further {
                last: kind == FrameKind::LAST,
                bytes: read_fragment(reader),
            },
            kind => {
                let rule = match kind {
                    FrameKind::HELLO => OF_CLIENTS,
                    _ => "type: a frame of unknown type",
                };
                reader.require(false, rule);
                Self::Stale
            }
        };
        reader.check().is_ok().then_some(frame)
    }

    /// Whether the frame carries message bytes.
    pub const fn is_data(&self) -> bool {
        matches!(
            self,
            Self::First { .. } | Self::Further { .. } | Self::Message { .. }
        )
    }
}

pub(super) fn read_position(reader: &mut Reader<'_>) -> Position {
    Position {
        messages: reader.varint(),
        offset: reader.varint(),
    }
}

fn read_ack(reader: &mut Reader<'_>, partial: bool) -> Ack {
    let messages = reader.varint();
    let waiting = reader.varint();
    let offset = if partial { reader.varint() } else { 0 };
    reader.require(
        !partial || offset > 0,
        "ack: a partial acknowledgement of no bytes",
    );
    Ack::of_waiting(reader, Position { messages, offset }, waiting)
}

impl Ack {
    /// What is acknowledged where so many of the received messages wait for the application.
    pub(super) fn of_waiting(reader: &mut Reader<'_>, received: Position, waiting: u64) -> Self {
        if waiting > received.messages {
            reader.fail(Violation::sequence("ack: more waiting than received"));
        }
        Self {
            received,
            acknowledged: received.messages.saturating_sub(waiting),
        }
    }
}

fn read_close(reader: &mut Reader<'_>) -> Close {
    let code = u16::try_from(reader.varint());
    reader.require(code.is_ok(), "close: a code above 65535");
    let retry_after = reader.varint();
    let reason = core::str::from_utf8(read_bytes(reader));
    reader.require(reason.is_ok(), "utf8: a reason that is not UTF-8");
    let reason = reason.unwrap_or_default();
    reader.require(
        reason.len() <= Close::MAX_REASON,
        "close: a reason above 123 bytes",
    );
    let close = Close::new(CloseCode(code.unwrap_or_default()), reason);
    if retry_after == 0 {
        close
    } else {
        close.after(Duration::from_millis(retry_after))
    }
}

fn read_bytes<'a>(reader: &mut Reader<'a>) -> &'a [u8] {
    let length = reader.varint();
    reader.bytes(length)
}

fn read_fragment<'a>(reader: &mut Reader<'a>) -> &'a [u8] {
    let bytes = read_bytes(reader);
    reader.require(!bytes.is_empty(), "fragment: an empty fragment");
    bytes
}
