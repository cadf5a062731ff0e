//! What carries a session at the moment.

use alloc::vec::Vec;
use core::time::Duration;

use crate::bucket::Bucket;
use crate::close::Close;
use crate::id::CarrierId;
use crate::stream::{ReceiveCursor, SendCursor};
use crate::time::Timestamp;
use crate::transport::Transport;
use crate::wire::{HelloMode, Welcome};

/// The carrier with the highest attach number, if it lives.
#[derive(Debug)]
pub(super) enum Carrier {
    Detached,
    Http(Http),
    Socket(Socket),
}

impl Carrier {
    pub(super) const fn transport(&self) -> Option<Transport> {
        match self {
            Self::Detached => None,
            Self::Http(http) => Some(http.transport),
            Self::Socket(_) => Some(Transport::WebSocket),
        }
    }
}

/// A WebSocket, and the control frames that wait for its next packet.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) id: CarrierId,
    pub(super) send: SendCursor,
    pub(super) receive: ReceiveCursor,
    pub(super) writable: bool,
    pub(super) welcome: Option<Welcome>,
    pub(super) pong: Option<u64>,
    pub(super) ping: Option<u64>,
    pub(super) last_sent: Timestamp,
    pub(super) last_heard: Timestamp,
    /// When the answer to a ping is overdue.
    pub(super) overdue: Option<Timestamp>,
    pub(super) control: Bucket,
}

impl Socket {
    pub(super) const fn new(
        now: Timestamp,
        id: CarrierId,
        send: SendCursor,
        control_burst: u32,
    ) -> Self {
        Self {
            id,
            send,
            receive: None,
            writable: true,
            welcome: None,
            pong: None,
            ping: None,
            last_sent: now,
            last_heard: now,
            overdue: None,
            control: Bucket::new(now, control_burst, Duration::from_secs(1)),
        }
    }
}

/// The HTTP exchanges of one attach.
#[derive(Debug)]
pub(super) struct Http {
    pub(super) transport: Transport,
    /// The highest number of an exchange that asked for messages.
    pub(super) last_poll: u64,
    pub(super) open: Vec<Exchange>,
    pub(super) last_seen: Timestamp,
    pub(super) control: Bucket,
}

/// One HTTP request that waits for its answer.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) id: CarrierId,
    pub(super) number: u64,
    pub(super) attach: u64,
    pub(super) mode: HelloMode,
    pub(super) welcome: Option<Welcome>,
    pub(super) pong: Option<u64>,
    /// Whether it brought messages, whose acknowledgement may ride on the answer.
    pub(super) brought: bool,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
}

impl Exchange {
    pub(super) const fn wants_messages(&self) -> bool {
        matches!(self.mode, HelloMode::Poll | HelloMode::Hold { .. })
    }
}

/// A socket that lost to a higher attach number, and may say hello again.
#[derive(Debug)]
pub(super) struct Retired {
    pub(super) id: CarrierId,
    /// Where the messages belong that were on their way when it lost.
    pub(super) receive: ReceiveCursor,
    pub(super) control: Bucket,
    pub(super) until: Timestamp,
}

/// How far the session is from its end.
#[derive(Debug)]
pub(super) enum Phase {
    Active,
    Closing { close: Close, deadline: Timestamp },
    Ended,
}
