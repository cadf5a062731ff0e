//! Whatever the network does, nothing is lost, doubled or reordered, and everything arrives once it has healed.
#![cfg(not(target_arch = "wasm32"))]

use tidewire_sim::{Settings, Tallies, run};

const SEEDS: u64 = 2_000;

#[test]
fn no_seed_breaks_a_promise_and_together_they_have_seen_everything() {
    let mut tallies = Tallies::default();
    for seed in 0..SEEDS {
        let outcome = run(seed, &Settings::default());
        assert_eq!(
            outcome.broken, None,
            "seed {seed}; replay it with `cargo xtask simulate --seed {seed} --trace`"
        );
        tallies.add(&outcome.tallies);
    }
    // A batch in which something never happened would prove nothing about it.
    assert!(
        tallies.faults.iter().all(|strikes| *strikes > 0),
        "{tallies:?}"
    );
    assert!(
        tallies.connected.iter().all(|times| *times > 0),
        "{tallies:?}"
    );
    for (what, times) in [
        ("messages", tallies.delivered),
        ("refusals", tallies.refused),
        ("moves between transports", tallies.switches),
        ("lost sessions", tallies.lost),
        ("expired sessions", tallies.expired),
        ("closed clients", tallies.closed),
        ("lost memories", tallies.memory_losses),
    ] {
        assert!(times > 0, "no {what} in {SEEDS} seeds");
    }
}
