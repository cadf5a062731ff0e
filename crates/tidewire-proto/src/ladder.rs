//! Which transport to try next: memory of the last good one, distrust of a flapping one, probes for a better one.

use crate::backoff::share;
use crate::time::{Span, Timestamp};
use crate::transport::Transport;

/// Early deaths of a socket after which it is distrusted.
const FLAPS: u32 = 2;

/// First time for which a flapping socket is distrusted; it doubles.
const DISTRUST: Span = Span::from_secs(30);

/// The longest distrust, and the longest delay between probes.
const MOST: Span = Span::from_secs(300);

/// What is known about the rungs of the ladder.
#[derive(Debug)]
pub(crate) struct Ladder {
    last_good: Option<Transport>,
    probe_base: Span,
    /// Sockets in a row that died soon after they opened.
    early_deaths: u32,
    distrusted_until: Timestamp,
    /// Socket probes in a row that failed.
    socket_failures: u32,
    /// Returns to long polling in a row that failed.
    hold_failures: u32,
    pub(crate) socket_probe_at: Option<Timestamp>,
    pub(crate) hold_probe_at: Option<Timestamp>,
}

impl Ladder {
    pub(crate) const fn new(remembered: Option<Transport>, probe_base: Span) -> Self {
        Self {
            last_good: remembered,
            probe_base,
            early_deaths: 0,
            distrusted_until: Timestamp::ZERO,
            socket_failures: 0,
            hold_failures: 0,
            socket_probe_at: None,
            hold_probe_at: None,
        }
    }

    /// Whether HTTP gets no head start taken from it: it was what worked last.
    pub(crate) fn prefers_http(&self) -> bool {
        self.last_good.is_some_and(Transport::is_http)
    }

    /// Whether sockets are left out of a race for now.
    pub(crate) fn distrusts_socket(&self, now: Timestamp) -> bool {
        now < self.distrusted_until
    }

    /// This transport carries the session.
    pub(crate) const fn note_good(&mut self, transport: Transport) {
        self.last_good = Some(transport);
        if matches!(transport, Transport::WebSocket) {
            self.socket_failures = 0;
            self.socket_probe_at = None;
        }
    }

    /// The carrier has worked for a stable time.
    pub(crate) const fn note_stable(&mut self, transport: Transport) {
        match transport {
            Transport::WebSocket => self.early_deaths = 0,
            Transport::LongPolling => self.hold_failures = 0,
            Transport::Polling => {}
        }
    }

    /// A socket that carried the session died before it was stable.
    pub(crate) fn note_early_death(&mut self, now: Timestamp) {
        self.early_deaths = self.early_deaths.saturating_add(1);
        if self.early_deaths >= FLAPS {
            self.distrusted_until = now + doubled(DISTRUST, self.early_deaths - FLAPS);
        }
    }

    /// A socket did not come about.
    pub(crate) const fn note_socket_failure(&mut self) {
        self.socket_failures = self.socket_failures.saturating_add(1);
    }

    /// Long polling does not work here.
    pub(crate) fn note_hold_failure(&mut self, now: Timestamp, draw: u64) {
        self.hold_probe_at =
            Some(now + doubled(DISTRUST, self.hold_failures) + share(DISTRUST, draw));
        self.hold_failures = self.hold_failures.saturating_add(1);
    }

    /// The network may be another one: what was learnt of the old one no longer counts.
    pub(crate) const fn forgive(&mut self, now: Timestamp) {
        self.early_deaths = 0;
        self.socket_failures = 0;
        self.hold_failures = 0;
        self.distrusted_until = Timestamp::ZERO;
        if self.socket_probe_at.is_some() {
            self.socket_probe_at = Some(now);
        }
        if self.hold_probe_at.is_some() {
            self.hold_probe_at = Some(now);
        }
    }

    /// Sets the time of the next probe for a socket, between half a bound and the bound, which doubles with each failure.
    pub(crate) fn schedule_socket_probe(&mut self, now: Timestamp, draw: u64) {
        let half = doubled(self.probe_base, self.socket_failures).part(2);
        let at = now + half + share(half, draw);
        self.socket_probe_at = Some(at.max(self.distrusted_until));
    }
}

/// A delay that doubles with each failure, up to the most.
fn doubled(base: Span, failures: u32) -> Span {
    base.times(1 << failures.min(10)).min(MOST)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_socket_that_dies_early_twice_is_distrusted_for_longer_each_time_until_it_is_stable() {
        let mut ladder = Ladder::new(None, Span::from_secs(5));
        let start = Timestamp::from_millis(1);
        ladder.note_early_death(start);
        assert!(!ladder.distrusts_socket(start));
        ladder.note_early_death(start);
        assert!(ladder.distrusts_socket(start + Span::from_secs(29)));
        assert!(!ladder.distrusts_socket(start + Span::from_secs(30)));
        ladder.note_early_death(start);
        assert!(ladder.distrusts_socket(start + Span::from_secs(59)));
        ladder.note_stable(Transport::WebSocket);
        ladder.note_early_death(start);
        assert!(!ladder.distrusts_socket(start + Span::from_secs(61)));
    }

    #[test]
    fn probes_come_less_often_with_each_failure_and_at_once_on_another_network() {
        let mut ladder = Ladder::new(None, Span::from_secs(4));
        let mut bounds = [0; 3];
        for bound in &mut bounds {
            ladder.schedule_socket_probe(Timestamp::ZERO, 0);
            *bound = ladder.socket_probe_at.map_or(0, Timestamp::as_millis);
            ladder.note_socket_failure();
        }
        assert_eq!(bounds, [2_000, 4_000, 8_000]);
        let now = Timestamp::from_millis(7);
        ladder.forgive(now);
        assert_eq!(ladder.socket_probe_at, Some(now));
    }

    #[test]
    fn what_carried_the_last_session_is_tried_without_delay() {
        assert!(!Ladder::new(None, Span::from_secs(5)).prefers_http());
        assert!(!Ladder::new(Some(Transport::WebSocket), Span::from_secs(5)).prefers_http());
        assert!(Ladder::new(Some(Transport::LongPolling), Span::from_secs(5)).prefers_http());
    }
}
