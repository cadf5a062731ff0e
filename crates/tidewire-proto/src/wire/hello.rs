//! The first frame of a carrier in each direction.

use alloc::vec::Vec;
use core::fmt;

use super::frame::{FrameKind, read_position};
use super::{Ack, Reader, Writer};
use crate::close::CloseCode;
use crate::config::Limits;
use crate::error::Violation;
use crate::id::SessionKey;

/// The version of the protocol that this crate speaks.
pub const PROTOCOL_VERSION: u64 = 1;

/// The longest token that a hello may carry, in bytes.
const MAX_TOKEN: u64 = 8 * 1024;

const RESUME: u8 = 1;
const WELCOMED: u8 = 2;

/// What kind of carrier a hello opens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HelloMode {
    /// A WebSocket.
    Socket,
    /// An HTTP request that brings frames and wants no messages back.
    Send,
    /// An HTTP request that wants what is there, at once.
    Poll,
    /// An HTTP request whose answer may be held.
    Hold {
        /// For at most so many milliseconds.
        ms: u64,
    },
}

/// Who attaches, and how: the first frame of a WebSocket and of every HTTP request.
#[derive(Clone, Eq, PartialEq)]
pub struct Hello {
    /// The secret of the session.
    pub key: SessionKey,
    /// The kind of carrier.
    pub mode: HelloMode,
    /// The client has been welcomed before: an unknown session must not be created again.
    pub resume: bool,
    /// The client has been welcomed under this attach number: the answer needs no welcome.
    pub welcomed: bool,
    /// Tells apart two clients that hold the same key, as after a tab was duplicated; the first one has the session.
    pub instance: u32,
    /// The public name of the session that welcomed the client; only with `resume`. A server that made another session under
    /// this key meanwhile refuses it; 0 leaves that to the client.
    pub session: u64,
    /// The attach number, from 1; the highest one holds the session.
    pub attach: u64,
    /// The number of this HTTP exchange within its attach, from 1; 0 on a WebSocket.
    pub exchange: u64,
    /// What the client has of the server's messages.
    pub ack: Ack,
    /// The longest message that the client takes, in bytes.
    pub max_message: u64,
    /// Bytes that the client takes unacknowledged.
    pub window_bytes: u64,
    /// Messages that the client takes unacknowledged.
    pub window_messages: u64,
    /// What the application's provider gave as credentials; may be empty.
    pub token: Vec<u8>,
}

impl Hello {
    /// Writes the frame, its type included.
    pub fn write(&self, writer: &mut Writer) {
        writer.byte(FrameKind::HELLO);
        writer.varint(PROTOCOL_VERSION);
        let resume = if self.resume { RESUME } else { 0 };
        let welcomed = if self.welcomed { WELCOMED } else { 0 };
        writer.byte(resume | welcomed);
        writer.byte(match self.mode {
            HelloMode::Socket => 0,
            HelloMode::Send => 1,
            HelloMode::Poll => 2,
            HelloMode::Hold { .. } => 3,
        });
        writer.raw(self.key.as_bytes());
        writer.raw(&self.instance.to_le_bytes());
        if self.resume {
            writer.raw(&self.session.to_le_bytes());
        }
        writer.varint(self.attach);
        if self.mode != HelloMode::Socket {
            writer.varint(self.exchange);
        }
        if let HelloMode::Hold { ms } = self.mode {
            writer.varint(ms);
        }
        write_ack(writer, self.ack);
        writer.varint(self.max_message);
        writer.varint(self.window_bytes);
        writer.varint(self.window_messages);
        writer.prefixed(&self.token);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Violation> {
        if reader.varint() != PROTOCOL_VERSION {
            reader.fail(Violation {
                code: CloseCode::VERSION,
                rule: "version: this server speaks version 1",
            });
        }
        let flags = reader.byte();
        reader.require(
            flags & !(RESUME | WELCOMED) == 0,
            "flag: an unknown flag in a hello",
        );
        let mode = reader.byte();
        let key = reader.array();
        reader.check()?;
        let key = SessionKey::from_bytes(key).ok_or(Violation::malformed(
            "key: a session key of one repeated byte",
        ))?;
        let instance = u32::from_le_bytes(reader.array());
        let resume = flags & RESUME != 0;
        let session = if resume {
            u64::from_le_bytes(reader.array())
        } else {
            0
        };
        let attach = reader.varint();
        let exchange = if mode == 0 { 0 } else { reader.varint() };
        reader.require(
            attach > 0 && (mode == 0 || exchange > 0),
            "attach: numbers start at 1",
        );
        reader.require(mode <= 3, "flag: an unknown mode in a hello");
        let mode = match mode {
            0 => HelloMode::Socket,
            1 => HelloMode::Send,
            2 => HelloMode::Poll,
            _ => HelloMode::Hold {
                ms: reader.varint(),
            },
        };
        let ack = read_ack(reader);
        let max_message = reader.varint();
        let window_bytes = reader.varint();
        let window_messages = reader.varint();
        reader.require(
            max_message > 0
                && window_bytes >= Limits::INITIAL_WINDOW_BYTES
                && window_messages >= Limits::INITIAL_WINDOW_MESSAGES,
            "limits: a window below the initial one",
        );
        let token_length = reader.varint();
        if token_length > MAX_TOKEN {
            reader.fail(Violation::too_large("token: longer than 8 KiB"));
        }
        let token = reader.bytes(token_length).to_vec();
        reader.check()?;
        Ok(Self {
            key,
            mode,
            resume,
            welcomed: flags & WELCOMED != 0,
            instance,
            session,
            attach,
            exchange,
            ack,
            max_message,
            window_bytes,
            window_messages,
            token,
        })
    }
}

impl fmt::Debug for Hello {
    /// Shows neither key nor token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hello")
            .field("mode", &self.mode)
            .field("resume", &self.resume)
            .field("instance", &self.instance)
            .field("attach", &self.attach)
            .field("exchange", &self.exchange)
            .field("ack", &self.ack)
            .finish_non_exhaustive()
    }
}

/// The server's word on an attach: its verdict, what it has, and what it takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Welcome {
    /// The attach number that this answers.
    pub attach: u64,
    /// The session existed before this attach.
    pub resumed: bool,
    /// The session's public name.
    pub session: u64,
    /// What the server has of the client's messages.
    pub ack: Ack,
    /// The longest message that the server takes, in bytes.
    pub max_message: u64,
    /// Bytes that the server takes unacknowledged.
    pub window_bytes: u64,
    /// Messages that the server takes unacknowledged.
    pub window_messages: u64,
    /// How long the session lives without contact, in milliseconds.
    pub life_ms: u64,
    /// Silence after which the server sends a heartbeat, in milliseconds.
    pub heartbeat_ms: u64,
}

impl Welcome {
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.varint(self.attach);
        writer.byte(u8::from(self.resumed));
        writer.raw(&self.session.to_le_bytes());
        write_ack(writer, self.ack);
        writer.varint(self.max_message);
        writer.varint(self.window_bytes);
        writer.varint(self.window_messages);
        writer.varint(self.life_ms);
        writer.varint(self.heartbeat_ms);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let attach = reader.varint();
        let resumed = reader.byte();
        reader.require(resumed <= 1, "flag: an unknown flag in a welcome");
        let welcome = Self {
            attach,
            resumed: resumed == 1,
            session: u64::from_le_bytes(reader.array()),
            ack: read_ack(reader),
            max_message: reader.varint(),
            window_bytes: reader.varint(),
            window_messages: reader.varint(),
            life_ms: reader.varint(),
            heartbeat_ms: reader.varint(),
        };
        reader.require(
            welcome.max_message >= Limits::INITIAL_WINDOW_BYTES
                && welcome.window_bytes >= Limits::INITIAL_WINDOW_BYTES
                && welcome.window_messages >= Limits::INITIAL_WINDOW_MESSAGES,
            "limits: a window or a longest message below the initial one",
        );
        welcome
    }
}

fn write_ack(writer: &mut Writer, ack: Ack) {
    writer.varint(ack.received.messages);
    writer.varint(ack.received.offset);
    writer.varint(ack.received.messages - ack.acknowledged);
}

fn read_ack(reader: &mut Reader<'_>) -> Ack {
    let received = read_position(reader);
    let waiting = reader.varint();
    Ack::of_waiting(reader, received, waiting)
}
