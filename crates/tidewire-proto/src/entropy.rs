//! Chance as the state machines see it: an argument, never a generator of their own.

/// A source of random numbers that the driver injects.
///
/// Session keys are drawn from it, so in production it must be the platform's cryptographic generator
/// (`crypto.getRandomValues` in browsers); a simulation injects a seeded one.
pub trait Entropy {
    /// The next 64 random bits.
    fn next_u64(&mut self) -> u64;
}

impl<F: FnMut() -> u64> Entropy for F {
    fn next_u64(&mut self) -> u64 {
        self()
    }
}
