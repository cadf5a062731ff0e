//! The parts of the page.

pub(crate) mod break_it;
pub(crate) mod connection;
pub(crate) mod ladder;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod statistics;
pub(crate) mod talk;
pub(crate) mod verification;
