//! The one source of chance: a seeded generator, the same on every machine.

/// SplitMix64: small, fast, and good enough to schedule faults with.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// An independent generator, so that one consumer's draws do not shift another's.
    pub(crate) const fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// A number below `bound`; zero for a bound of zero.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        // The bias of the remainder is far below what a schedule of faults can show.
        match bound {
            0 => 0,
            _ => self.next() % bound,
        }
    }

    /// A number from `low` to `high`, both possible.
    pub(crate) const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True with a chance of so many in a thousand.
    pub(crate) const fn permille(&mut self, chance: u32) -> bool {
        self.below(1_000) < chance as u64
    }

    /// A number from `low` to `high` whose magnitude is uniform: small ones are as likely as large ones.
    pub(crate) fn magnitude(&mut self, low: u64, high: u64) -> u64 {
        let bits = |number: u64| u64::from(64 - number.leading_zeros());
        let chosen = self.between(bits(low), bits(high));
        let top = if chosen >= 64 {
            u64::MAX
        } else {
            (1 << chosen) - 1
        };
        let bottom = if chosen == 0 { 0 } else { 1 << (chosen - 1) };
        self.between(bottom.max(low), top.min(high))
    }

    /// The time to the next of events that come at random, `mean` apart on average, within a factor of three.
    pub(crate) const fn interval(&mut self, mean: u64) -> u64 {
        // A sum of two uniform draws instead of a logarithm: floating point must not decide a trace.
        1 + self.below(mean) + self.below(mean)
    }

    /// One of the given values.
    pub(crate) fn choose<T: Copy, const N: usize>(&mut self, values: [T; N]) -> T {
        let index = usize::try_from(self.below(N as u64)).unwrap_or(0);
        values[index]
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_seed_gives_the_same_numbers_again() {
        let mut first = Random::new(7);
        let mut second = Random::new(7);
        assert!((0..100).all(|_| first.next() == second.next()));
        assert_ne!(Random::new(7).next(), Random::new(8).next());
    }

    #[test]
    fn draws_stay_in_their_range() {
        let mut random = Random::new(1);
        for _ in 0..1_000 {
            assert!((3..=5).contains(&random.between(3, 5)));
            assert!((0..=102_400).contains(&random.magnitude(0, 102_400)));
            assert!((1..=1_000).contains(&random.interval(500)));
        }
    }
}
