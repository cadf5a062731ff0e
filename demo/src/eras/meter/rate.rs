//! How often requests come: a figure that follows each change of the interval within seconds.

use std::collections::VecDeque;

use super::{Request, WINDOW};

/// Milliseconds after which a new pace can be told.
const ATTACHING: f64 = 2_500.0;

/// Those of the window, where there is a whole one since `since`; before that, as the last requests follow each other.
pub(super) fn a_minute(requests: &VecDeque<Request>, since: f64, now: f64) -> Option<u64> {
    const MINUTE: f64 = 60_000.0;
    let from = since.max(now - WINDOW);
    let mut starts = requests
        .iter()
        .rev()
        .map(|request| request.start)
        .take_while(|start| *start > from);
    if now - since >= WINDOW {
        return Some((starts.count() as f64 * MINUTE / WINDOW).round() as u64);
    }
    let Some(newest) = starts.next() else {
        return (since == 0.0).then_some(0);
    };
    let (before, first) = (starts.next()?, starts.next()?);
    // A client attaches with a few requests at once, which tell nothing.
    let pause = (newest - before).max(before - first).max(now - newest);
    (now - since >= ATTACHING).then(|| (MINUTE / pause.max(1.0)).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::Meter;

    fn requests_at(meter: &Meter, starts: &[f64]) {
        for (id, start) in starts.iter().enumerate() {
            meter.request_started(*start, id as u64, 0);
        }
    }

    #[test]
    fn requests_a_minute_are_those_of_a_whole_window() {
        let meter = Meter::default();
        requests_at(&meter, &[10_000.0, 11_000.0, 19_000.0]);
        assert_eq!(meter.read(20_000.0, |at| at).requests_a_minute, Some(9));
        assert_eq!(meter.read(60_000.0, |at| at).requests_a_minute, Some(0));
    }

    #[test]
    fn before_there_is_a_whole_window_the_pauses_tell() {
        let meter = Meter::default();
        let a_minute = |now: f64| meter.read(now, |at| at).requests_a_minute;
        assert_eq!(a_minute(300.0), Some(0));
        requests_at(&meter, &[300.0, 350.0]);
        assert_eq!(a_minute(5_300.0), None);
        requests_at(&meter, &[5_350.0]);
        assert_eq!(a_minute(5_350.0), Some(12));
        assert_eq!(a_minute(15_350.0), Some(6));
    }

    #[test]
    fn a_changed_pace_shows_as_soon_as_the_attach_is_over() {
        let meter = Meter::default();
        let a_minute = |now: f64| meter.read(now, |at| at).requests_a_minute;
        meter.paced(300.0, 5_000);
        requests_at(&meter, &[5_000.0, 10_000.0, 15_000.0, 20_000.0, 25_000.0]);
        assert_eq!(a_minute(26_000.0), Some(12));
        meter.paced(26_000.0, 500);
        assert_eq!(a_minute(26_000.0), None);
        requests_at(&meter, &[26_010.0, 26_020.0, 26_520.0, 27_020.0]);
        assert_eq!(a_minute(27_400.0), None);
        requests_at(&meter, &[27_520.0, 28_020.0, 28_520.0]);
        assert_eq!(a_minute(28_600.0), Some(120));
    }

    #[test]
    fn a_burst_of_requests_does_not_stay_the_pace() {
        let meter = Meter::default();
        requests_at(&meter, &[300.0, 310.0, 320.0, 330.0, 5_330.0, 10_330.0]);
        assert_eq!(meter.read(10_400.0, |at| at).requests_a_minute, Some(12));
        requests_at(&meter, &[10_430.0]);
        assert_eq!(meter.read(10_500.0, |at| at).requests_a_minute, Some(12));
    }
}
