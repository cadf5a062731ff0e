//! A bound on how often something may happen.

use core::time::Duration;

use crate::time::Timestamp;

/// A token bucket: `burst` at once, and `burst` again in each period.
#[derive(Debug)]
pub(crate) struct Bucket {
    burst: u32,
    period: Duration,
    left: u32,
    refilled: Timestamp,
}

impl Bucket {
    pub(crate) const fn new(now: Timestamp, burst: u32, period: Duration) -> Self {
        Self {
            burst,
            period,
            left: burst,
            refilled: now,
        }
    }

    /// Takes one token; if there is none, the time until there is one comes back.
    pub(crate) fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        let each = self.period / self.burst.max(1);
        let elapsed = now.since(self.refilled);
        let gained = elapsed.as_micros() / each.as_micros().max(1);
        if gained >= u128::from(self.burst - self.left) {
            self.left = self.burst;
            self.refilled = now;
        } else {
            let gained = gained as u32;
            self.left += gained;
            self.refilled = self.refilled + each * gained;
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(each),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_one_per_share_of_the_period() {
        let mut bucket = Bucket::new(Timestamp::ZERO, 4, Duration::from_secs(1));
        for _ in 0..4 {
            assert_eq!(bucket.take(Timestamp::ZERO), Ok(()));
        }
        assert_eq!(
            bucket.take(Timestamp::ZERO),
            Err(Duration::from_millis(250))
        );
        assert_eq!(bucket.take(Timestamp::from_millis(250)), Ok(()));
        assert!(bucket.take(Timestamp::from_millis(499)).is_err());
        assert_eq!(bucket.take(Timestamp::from_millis(500)), Ok(()));
    }
}
