//! Waiting for conditions.

use std::time::{Duration, Instant};

/// How often a condition that nobody announces is looked at.
pub(crate) const INTERVAL: Duration = Duration::from_millis(20);

/// Looks until there is something, and returns it; fails, with what `state` tells, after `limit`.
///
/// # Panics
///
/// When there is nothing within the limit.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    look: impl AsyncFn() -> Option<T>,
    state: impl FnOnce() -> String,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            start.elapsed() < limit,
            "not within {limit:?}: {what}\n{}",
            state()
        );
        tokio::time::sleep(INTERVAL).await;
    }
}
