//! The wall clock as JavaScript reads it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Whole milliseconds since 1970.
pub(crate) fn millis(time: SystemTime) -> u64 {
    u64::try_from(since_1970(time).as_millis()).unwrap_or(u64::MAX)
}

/// A clock that was set before 1970 shows 1970.
fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}
