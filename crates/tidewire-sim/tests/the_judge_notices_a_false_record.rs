//! A judge that says yes to everything would be worth nothing: faults planted in its own record must not pass.
#![cfg(not(target_arch = "wasm32"))]

use tidewire_sim::{Sabotage, Settings, run};

const SEEDS: u64 = 200;

/// Counts the runs whose record was changed, and those of them that were found out.
fn found_out(sabotage: Sabotage) -> (u64, u64) {
    let settings = Settings {
        sabotage: Some(sabotage),
        ..Settings::default()
    };
    let outcomes = (0..SEEDS).map(|seed| (run(seed, &Settings::default()), run(seed, &settings)));
    outcomes.fold((0, 0), |(changed, found), (honest, outcome)| {
        assert_eq!(honest.broken, None);
        (
            changed + u64::from(outcome.sabotaged),
            found + u64::from(outcome.broken.is_some()),
        )
    })
}

/// Nearly all: where a session dies with what was falsified last, before it was acknowledged, nobody can know.
fn is_nearly_all(found: u64, changed: u64) -> bool {
    changed > SEEDS / 4 && found * 100 >= changed * 95
}

#[test]
fn a_lost_message_is_noticed() {
    let (changed, found) = found_out(Sabotage::Loss);
    assert!(is_nearly_all(found, changed), "{found} of {changed}");
}

#[test]
fn a_doubled_message_is_noticed() {
    let (changed, found) = found_out(Sabotage::Duplicate);
    assert_eq!(found, changed);
    assert!(changed > SEEDS / 4);
}

#[test]
fn swapped_messages_are_noticed() {
    let (changed, found) = found_out(Sabotage::Swap);
    assert!(is_nearly_all(found, changed), "{found} of {changed}");
}
