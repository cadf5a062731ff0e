//! The time of the page, and of the server.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Date;

/// Milliseconds since the page was opened; never goes back.
pub(crate) fn now() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or_else(Date::now, |performance| performance.now())
}

/// Milliseconds after which an exchange counts no more.
const HOLDS_FOR: f64 = 60_000.0;

/// How far the server's clock is from the page's; clones share it.
///
/// Set as in NTP (RFC 5905 section 8): the server's time is taken to be that of the middle of the exchange, and the exchange
/// with the shortest round trip counts, for a while: clocks drift, are set, and stand still while a machine sleeps.
#[derive(Clone, Default)]
pub(crate) struct ServerClock(Rc<Cell<Option<Best>>>);

#[derive(Clone, Copy)]
struct Best {
    /// When, in milliseconds of the page.
    at: f64,
    round_trip: f64,
    offset: f64,
}

impl ServerClock {
    /// Takes an exchange into account: when it began and ended by the page's clock, and the server's clock in between.
    pub(crate) fn set(&self, sent: f64, received: f64, server: f64) {
        let round_trip = received - sent;
        let is_better = |best: Best| round_trip <= best.round_trip;
        if self.is_stale(received) || self.0.get().is_none_or(is_better) {
            let offset = server - (sent + received) / 2.0;
            self.0.set(Some(Best {
                at: received,
                round_trip,
                offset,
            }));
        }
    }

    /// Whether it was never set, or too long ago.
    pub(crate) fn is_stale(&self, now: f64) -> bool {
        self.0.get().is_none_or(|best| now - best.at > HOLDS_FOR)
    }

    /// A time of the server as one of the page. Before the clock is set both are taken to be right about the time of day.
    pub(crate) fn to_page(&self, server: f64) -> f64 {
        let offset = self
            .0
            .get()
            .map_or_else(|| Date::now() - now(), |best| best.offset);
        server - offset
    }
}

impl PartialEq for ServerClock {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchange_with_the_shortest_round_trip_counts() {
        let clock = ServerClock::default();
        clock.set(0.0, 100.0, 1_050.0);
        assert_eq!(clock.to_page(1_060.0), 60.0);
        clock.set(200.0, 210.0, 1_215.0);
        assert_eq!(clock.to_page(1_215.0), 205.0);
        clock.set(300.0, 400.0, 9_999.0);
        assert_eq!(clock.to_page(1_215.0), 205.0);
    }

    #[test]
    fn an_old_exchange_gives_way_to_a_slower_one() {
        let clock = ServerClock::default();
        assert!(clock.is_stale(0.0));
        clock.set(0.0, 10.0, 1_005.0);
        assert!(!clock.is_stale(60_000.0) && clock.is_stale(60_011.0));
        clock.set(70_000.0, 70_100.0, 75_050.0);
        assert_eq!(clock.to_page(75_050.0), 70_050.0);
    }
}
