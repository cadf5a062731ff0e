//! A failure that was found can be looked at: its seed brings it back, to the byte.
#![cfg(not(target_arch = "wasm32"))]

use tidewire_sim::{Settings, combined_hash, run};

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..200 {
        let first = run(seed, &Settings::default());
        let second = run(seed, &Settings::default());
        assert_eq!(
            (first.hash, first.steps, first.tallies),
            (second.hash, second.steps, second.tallies)
        );
    }
}

#[test]
fn to_watch_a_run_does_not_change_it() {
    for seed in 0..50 {
        let unseen = run(seed, &Settings::default());
        let watched = run(
            seed,
            &Settings {
                readable: true,
                ..Settings::default()
            },
        );
        assert_eq!(unseen.hash, watched.hash);
        assert!(!watched.trace.is_empty() && unseen.trace.is_empty());
    }
}

#[test]
fn other_seeds_give_other_runs() {
    assert_ne!(
        run(1, &Settings::default()).hash,
        run(2, &Settings::default()).hash
    );
    assert_ne!(combined_hash(0, 10), combined_hash(1, 10));
}
