//! Counters that a client keeps; reading them is cheap.

use core::time::Duration;

use crate::time::Span;
use crate::transport::Transport;

/// Counters of one transport.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct TransportStats {
    /// Times that this transport began to carry the session.
    pub connections: u64,
    /// WebSocket handshakes or HTTP requests started.
    pub requests: u64,
    /// Packets sent: WebSocket messages or request bodies.
    pub packets_sent: u64,
    /// Packets received: WebSocket messages or answers.
    pub packets_received: u64,
    /// Bytes of packets sent, without the framing and headers below them.
    pub bytes_sent: u64,
    /// Bytes of packets received, without the framing and headers below them.
    pub bytes_received: u64,
    /// Failures of this transport, before and after it carried the session.
    pub failures: u64,
    /// Smoothed round-trip time (RFC 6298 section 2, gain 1/8); zero before the first measure.
    pub round_trip: Duration,
}

/// Counters of a client.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Counters by transport, best first.
    pub transports: [TransportStats; 3],
    /// Messages that `send` accepted.
    pub messages_sent: u64,
    /// Messages of the peer that were delivered.
    pub messages_received: u64,
    /// Messages that the peer has acknowledged.
    pub messages_acknowledged: u64,
    /// Messages or fragments that came again and were dropped.
    pub duplicates_dropped: u64,
    /// Times that a carried session lost its carrier.
    pub reconnects: u64,
    /// Sessions that were lost.
    pub sessions_lost: u64,
    /// Messages in the outbox now.
    pub outbox_messages: usize,
    /// Bytes in the outbox now, each message counted with its fixed cost.
    pub outbox_bytes: usize,
}

impl Stats {
    /// The counters of `transport`.
    pub const fn of(&self, transport: Transport) -> &TransportStats {
        &self.transports[transport.index()]
    }

    pub(crate) fn of_mut(&mut self, transport: Transport) -> &mut TransportStats {
        &mut self.transports[transport.index()]
    }
}

impl TransportStats {
    pub(crate) fn measure(&mut self, sample: Span) {
        let known = Span::from(self.round_trip);
        let smoothed = if known == Span::ZERO {
            sample
        } else {
            (known.times(7) + sample).part(8)
        };
        self.round_trip = smoothed.into();
    }
}
