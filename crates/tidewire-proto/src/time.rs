//! Time as the state machines see it: an argument, never a clock.

use core::fmt;
use core::num::NonZeroU64;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A moment, in microseconds since an epoch that the driver picks.
///
/// The driver fills it from a clock that does not go back (`performance.now()` in browsers, `Instant` on servers,
/// virtual time in the simulator). Two timestamps can be compared only when they come from one driver.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp {
    /// One more than the microseconds, so that a deadline that is not set takes no room of its own.
    after_zero: NonZeroU64,
}

impl Timestamp {
    /// The driver's epoch.
    pub const ZERO: Self = Self::from_micros(0);

    /// The moment `micros` microseconds after the epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self {
            after_zero: NonZeroU64::MIN.saturating_add(micros),
        }
    }

    /// The moment `millis` milliseconds after the epoch; it saturates at the end of time.
    pub const fn from_millis(millis: u64) -> Self {
        Self::from_micros(millis.saturating_mul(1_000))
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> u64 {
        self.after_zero.get() - 1
    }

    /// Whole milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.as_micros() / 1_000
    }

    /// The time that has passed since `earlier`; zero when `earlier` is later.
    #[inline(never)]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.span_since(earlier).0)
    }
}

impl Timestamp {
    /// What [`since`](Self::since) tells, as the machines count it.
    pub(crate) const fn span_since(self, earlier: Self) -> Span {
        let (later, earlier) = (self.after_zero.get(), earlier.after_zero.get());
        Span(later.saturating_sub(earlier))
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;

    #[inline(never)]
    fn add(self, span: Span) -> Self {
        Self {
            after_zero: self.after_zero.saturating_add(span.0),
        }
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    #[inline(never)]
    fn add(self, span: Duration) -> Self {
        self + Span::from(span)
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    #[inline(never)]
    fn sub(self, span: Duration) -> Self {
        Self::from_micros(self.as_micros().saturating_sub(Span::from(span).0))
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::ZERO
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.as_micros()).finish()
    }
}

/// A length of time in microseconds, up to the end of time: every operation saturates.
///
/// The machines count with it inside, since the seconds and nanoseconds of a [`Duration`] are several times the code.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Span(u64);

impl Span {
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    pub(crate) const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    pub(crate) const fn from_secs(secs: u64) -> Self {
        Self::from_millis(secs.saturating_mul(1_000))
    }

    pub(crate) const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds.
    pub(crate) const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// So many times the length.
    #[inline(never)]
    pub(crate) const fn times(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// This part of the length: a half, a quarter.
    pub(crate) const fn part(self, divisor: u64) -> Self {
        Self(self.0 / divisor)
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl From<Duration> for Span {
    #[inline(never)]
    fn from(duration: Duration) -> Self {
        let seconds = duration.as_secs().saturating_mul(1_000_000);
        Self(seconds.saturating_add(u64::from(duration.subsec_micros())))
    }
}

impl From<Span> for Duration {
    #[inline(never)]
    fn from(span: Span) -> Self {
        Self::from_micros(span.0)
    }
}
