//! What happens before a session exists: reading the first frame, and deciding whether to create, attach or refuse.

use alloc::vec::Vec;

use crate::close::{Close, CloseCode, Reaction};
use crate::error::Violation;
use crate::wire::{Frame, Hello, HelloMode, Reader, Writer};

/// The first packet of a carrier: who comes, and the frames that came with it.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// Who attaches, and how.
    pub hello: Hello,
    /// The frames after the hello.
    pub frames: &'a [u8],
}

/// What brings a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CarrierKind {
    /// The body of an HTTP request.
    Exchange,
    /// A WebSocket message.
    Socket,
}

/// Reads the first WebSocket message or the body of a POST.
///
/// # Errors
///
/// The close to answer with, when the packet does not begin with a well-formed hello of a version that is spoken, or its hello
/// belongs to the other kind of carrier.
pub fn read_opening(packet: &[u8], kind: CarrierKind) -> Result<Opening<'_>, Close> {
    let mut reader = Reader::new(packet);
    match Frame::read(&mut reader).map_err(Violation::close)? {
        Some(Frame::Hello(hello))
            if (hello.mode == HelloMode::Socket) != (kind == CarrierKind::Socket) =>
        {
            Err(Close::new(
                CloseCode::MALFORMED,
                "mode: a hello of another kind of carrier",
            ))
        }
        Some(Frame::Hello(hello)) => Ok(Opening {
            hello,
            frames: reader.rest(),
        }),
        Some(_) => Err(Close::new(
            CloseCode::MALFORMED,
            "order: the first frame is not a hello",
        )),
        None => Err(Close::new(
            CloseCode::MALFORMED,
            "empty: a packet without a frame",
        )),
    }
}

/// What the registry knows of a session key.
///
/// A session of another principal must be looked up as [`Unknown`](Self::Unknown), so that nobody learns that it exists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Lookup {
    /// The session ended.
    Ended {
        /// With this.
        close: Close,
        /// Whether the client was told, so that it comes back all the same: then it is told no more than that the session is
        /// over, unless the close says to give up.
        told: bool,
    },
    /// The session lives.
    Known,
    /// There is no such session.
    Unknown,
}

/// What to do with a hello that is not refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Attach to the session that lives.
    Attach,
    /// Create the session, then attach. A retried create finds it [`Known`](Lookup::Known), so it never makes two.
    Create,
}

/// Decides on a hello.
///
/// # Errors
///
/// The close to answer with: 4404 when a client that was welcomed before comes back to a session that is not known, or
/// what the ended session left.
pub fn admit(lookup: Lookup, hello: &Hello) -> Result<Admission, Close> {
    match lookup {
        Lookup::Ended { close, told } if !told || close.code.reaction() == Reaction::GiveUp => {
            Err(close)
        }
        // A code that asks to come back would bring the client back to this same session for ever.
        Lookup::Ended { .. } => Err(Close::new(
            CloseCode::EXPIRED,
            "expired: the session is over",
        )),
        Lookup::Known => Ok(Admission::Attach),
        Lookup::Unknown if hello.resume => Err(unknown_session()),
        Lookup::Unknown => Ok(Admission::Create),
    }
}

pub(super) fn unknown_session() -> Close {
    Close::new(
        CloseCode::UNKNOWN_SESSION,
        "unknown-session: this server has no such session",
    )
}

/// The packet that tells a client of a refusal: the body of an HTTP answer, or the last message of a WebSocket.
pub fn refusal_packet(close: &Close) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.close(close);
    writer.into_packet()
}
