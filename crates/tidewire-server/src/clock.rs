//! The clock of a hub.

use std::time::Duration;

use tidewire_proto::Timestamp;
use tokio::time::Instant;

/// Turns tokio's clock into the timestamps of the state machines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    epoch: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            epoch: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// The moment on tokio's clock; one beyond its range is a day away, after which the driver looks again.
    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        self.epoch
            .checked_add(Duration::from_micros(at.as_micros()))
            .unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400))
    }
}
