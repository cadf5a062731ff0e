//! How long to wait before the next attempt.

use crate::time::Span;

/// The longest advice of a server that is followed.
const MAX_ADVICE: Span = Span::from_secs(300);

/// Exponential backoff with full jitter: each delay is drawn evenly between zero and a bound that doubles up to a cap.
///
/// The jitter is applied after the cap, so that clients stay spread however long an outage lasts. It is forgotten only
/// when a carrier has worked for a stable time, not when it opens.
#[derive(Debug)]
pub(crate) struct Backoff {
    base: Span,
    cap: Span,
    failures: u32,
    advice: Option<Span>,
}

impl Backoff {
    pub(crate) const fn new(base: Span, cap: Span) -> Self {
        Self {
            base,
            cap,
            failures: 0,
            advice: None,
        }
    }

    /// The delay before the next attempt, drawn with 64 random bits.
    pub(crate) fn next(&mut self, draw: u64) -> Span {
        let bound = self.base.times(1 << self.failures.min(20)).min(self.cap);
        self.failures = self.failures.saturating_add(1);
        match self.advice.take() {
            // A server that sheds load names the least delay; spread what follows so that it is not met at once.
            Some(advice) => advice + share(advice.part(4), draw),
            None => share(bound, draw),
        }
    }

    /// The server asked to wait at least so long before the next attempt.
    pub(crate) fn advise(&mut self, delay: Span) {
        self.advice = Some(delay.min(MAX_ADVICE));
    }

    /// Whether the next delay is one that the server asked for.
    pub(crate) const fn is_advised(&self) -> bool {
        self.advice.is_some()
    }

    /// A carrier has worked for a stable time.
    pub(crate) const fn reset(&mut self) {
        self.failures = 0;
    }
}

/// An even share of `bound`: `draw` is 64 random bits.
pub(crate) fn share(bound: Span, draw: u64) -> Span {
    let micros = u128::from(bound.as_micros()) * u128::from(draw);
    Span::from_micros((micros >> 64) as u64)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const LEAST: u64 = 0;
    const MOST: u64 = u64::MAX;

    #[test]
    fn the_bound_doubles_up_to_the_cap_and_the_jitter_survives_it() {
        let mut backoff = Backoff::new(Span::from_millis(500), Span::from_secs(4));
        let longest: [u64; 6] = core::array::from_fn(|_| backoff.next(MOST).as_millis());
        assert_eq!(longest, [499, 999, 1_999, 3_999, 3_999, 3_999]);
        assert_eq!(backoff.next(LEAST), Span::ZERO);
        backoff.reset();
        assert_eq!(backoff.next(MOST).as_millis(), 499);
    }

    #[test]
    fn advice_is_a_least_delay_spread_upwards_used_once_and_capped() {
        let mut backoff = Backoff::new(Span::from_millis(500), Span::from_secs(4));
        backoff.advise(Span::from_secs(8));
        assert_eq!(backoff.next(LEAST), Span::from_secs(8));
        assert!(backoff.next(MOST) < Span::from_secs(4));
        backoff.advise(Span::from_secs(1_000_000_000));
        assert_eq!(backoff.next(LEAST), MAX_ADVICE);
    }
}
