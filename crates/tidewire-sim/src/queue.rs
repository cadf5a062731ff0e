//! What is going to happen, in the order of virtual time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use tidewire_proto::Close;

use crate::faults::Fault;

/// Something that will happen to one of the parts of the world.
#[derive(Debug)]
pub(crate) enum Happening {
    /// An answer reaches the browser.
    Answered {
        exchange: usize,
        status: u16,
        body: Vec<u8>,
        retry_after: Option<u64>,
    },
    /// The application of a tab takes the next message that was delivered.
    ClientTakes { tab: usize },
    /// A tab may write on its socket again.
    ClientWritable { socket: usize },
    /// A middlebox looks for connections on which nothing moves.
    IdleCheck { socket: usize },
    /// The end of the faulty phase.
    Heal,
    /// A fault strikes, and is scheduled again.
    Strike(Fault),
    /// What a fault did ends.
    Undo(Undo),
    /// A request reaches the server.
    Requested { exchange: usize, copy: usize },
    /// A request fails at the browser.
    RequestFailed { exchange: usize },
    /// The server learns that the client no longer waits for this answer.
    RequestForgotten { carrier: u64 },
    /// The application of a tab has something to say.
    ClientSpeaks,
    /// A session hears that the socket which it closed is closed.
    ServerCloses { session: usize, carrier: u64 },
    /// The application of the server has something to say.
    ServerSpeaks,
    /// The application of the server takes the next message that was delivered.
    ServerTakes { session: usize },
    /// A session may write on its socket again.
    ServerWritable { socket: usize },
    /// The close of a socket reaches the browser.
    SocketClosed { socket: usize, close: Close },
    /// The close of a socket reaches the server.
    SocketLeft { socket: usize },
    /// A message reaches the browser.
    SocketDelivers { socket: usize, packet: Vec<u8> },
    /// A handshake succeeds, as far as the browser can see.
    SocketOpens { socket: usize },
    /// A message reaches the server.
    SocketSays { socket: usize, packet: Vec<u8> },
    /// A session's deadline.
    SessionTimer { session: usize, at: u64 },
    /// URL and credentials are there, or not.
    Prepared {
        tab: usize,
        attempt: u32,
        token: Result<Vec<u8>, String>,
    },
    /// A tab's deadline.
    TabTimer { tab: usize, at: u64 },
    /// The user opens the page again after it was closed.
    TabOpens,
    /// Is everything as it should be by now?
    Review,
}

/// The end of a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Undo {
    Hidden { tab: usize },
    Offline { tab: usize },
    Overload,
    Resume { tab: usize },
    Restart,
    Restore { tab: usize },
}

/// Happenings by time; those of one moment in the order in which they were scheduled.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Entry>,
    scheduled: u64,
}

impl Queue {
    pub(crate) fn schedule(&mut self, at: u64, happening: Happening) {
        self.scheduled += 1;
        self.heap.push(Entry {
            at,
            order: self.scheduled,
            happening,
        });
    }

    pub(crate) fn next(&mut self) -> Option<(u64, Happening)> {
        let entry = self.heap.pop()?;
        Some((entry.at, entry.happening))
    }
}

#[derive(Debug)]
struct Entry {
    at: u64,
    order: u64,
    happening: Happening,
}

impl Ord for Entry {
    // The heap gives the greatest first, and the earliest is wanted.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}
