//! What went over the wire.

use tidewire_proto::server::{CarrierKind, Opening, read_opening};
use tidewire_proto::wire::{Frame, Reader};
use tidewire_proto::{Close, Timestamp};

/// One WebSocket message or HTTP body, as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) at: Timestamp,
    pub(crate) from: Side,
    pub(crate) bytes: Vec<u8>,
}

impl Packet {
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        kinds(&self.bytes)
    }

    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.kinds().contains(&kind)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// The kind of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Ack,
    Answer,
    Close,
    Drain,
    First,
    Further,
    Hello,
    Message,
    Ping,
    Pong,
    Seek,
    Stale,
    Welcome,
}

/// The kinds of the frames of a packet, in order.
pub(crate) fn kinds(packet: &[u8]) -> Vec<Kind> {
    let mut reader = Reader::new(packet);
    let mut kinds = Vec::new();
    while let Some(frame) = Frame::read(&mut reader).expect("both sides write well-formed packets")
    {
        kinds.push(match frame {
            Frame::Ack(_) => Kind::Ack,
            Frame::Answer { .. } => Kind::Answer,
            Frame::Close(_) => Kind::Close,
            Frame::Drain(_) => Kind::Drain,
            Frame::First { .. } => Kind::First,
            Frame::Further { .. } => Kind::Further,
            Frame::Hello(_) => Kind::Hello,
            Frame::Message { .. } => Kind::Message,
            Frame::Ping(_) => Kind::Ping,
            Frame::Pong(_) => Kind::Pong,
            Frame::Seek(_) => Kind::Seek,
            Frame::Stale => Kind::Stale,
            Frame::Welcome(_) => Kind::Welcome,
        });
    }
    kinds
}

/// Reads a first packet as what it says that it is.
pub(crate) fn read_any_opening(packet: &[u8]) -> Result<Opening<'_>, Close> {
    read_opening(packet, CarrierKind::Socket)
        .or_else(|_| read_opening(packet, CarrierKind::Exchange))
}
