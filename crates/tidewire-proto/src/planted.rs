//! Deliberate bugs, each chosen at run time, that prove the simulation able to fail. Compiled only for that.

/// One deliberate bug.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Bug {
    /// The receiver delivers what it has delivered before.
    NoDeduplication,
}
