//! One direction of a socket: its bandwidth, its order, and where it breaks.

use crate::plan::{Line, MILLISECOND};
use crate::random::Random;

/// What a browser lets an application write ahead of the network, in bytes, before the driver waits.
const BUFFERED: u64 = 64 * 1024;

/// One direction of a socket.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// When the sender's line is free.
    free_at: u64,
    last_arrival: u64,
    stalled_until: u64,
    /// What would arrive from here on never does.
    lost_from: Option<u64>,
}

/// When a message arrives, and when its sender may write again.
pub(super) struct Passage {
    pub(super) arrives: u64,
    pub(super) writable: u64,
}

impl Lane {
    pub(crate) const fn lose_from(&mut self, at: u64) {
        if self.lost_from.is_none() {
            self.lost_from = Some(at);
        }
    }

    pub(crate) const fn stall_until(&mut self, at: u64) {
        if at > self.stalled_until {
            self.stalled_until = at;
        }
    }

    pub(crate) fn is_lost(&self, now: u64) -> bool {
        self.lost_from.is_some_and(|from| now >= from)
    }

    /// Puts a message on its way.
    pub(super) fn carry(
        &mut self,
        now: u64,
        bytes: usize,
        line: &Line,
        random: &mut Random,
    ) -> Passage {
        self.free_at = self.free_at.max(now) + bytes as u64 * MILLISECOND / line.bandwidth;
        let flight = line.latency + random.below(line.jitter + 1);
        // Even, so that nothing arrives in the odd moments at which what stood still goes on (see `World::held_back`).
        let arrives = (self.free_at.max(self.stalled_until) + flight + 1) & !1;
        // One connection keeps its order whatever the packets below it do.
        self.last_arrival = self.last_arrival.max(arrives);
        let buffered = BUFFERED * MILLISECOND / line.bandwidth;
        let stuck = if bytes as u64 > BUFFERED / 4 {
            self.stalled_until
        } else {
            0
        };
        Passage {
            arrives: self.last_arrival,
            writable: self.free_at.saturating_sub(buffered).max(stuck).max(now),
        }
    }
}
