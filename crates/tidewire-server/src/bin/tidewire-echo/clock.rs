//! The wall clock as JavaScript reads it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 with their fraction, now.
pub(crate) fn now() -> f64 {
    let since = since_1970(SystemTime::now());
    // Microseconds: an f64 holds those of our time exactly, and finer ones not.
    since.as_micros() as f64 / 1_000.0
}

/// Whole milliseconds since 1970.
pub(crate) fn millis(time: SystemTime) -> u64 {
    u64::try_from(since_1970(time).as_millis()).unwrap_or(u64::MAX)
}

/// A clock that was set before 1970 shows 1970.
fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}
