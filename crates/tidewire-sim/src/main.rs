//! Runs simulated sessions, one per seed.

fn main() {}
