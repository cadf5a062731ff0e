//! Each seed that failed once is run again, for ever.
#![cfg(not(target_arch = "wasm32"))]

use tidewire_sim::{Settings, regressions, run};

#[test]
fn seeds_that_failed_once_pass() {
    let known = regressions();
    assert!(!known.is_empty());
    for (seed, reason) in known {
        assert_eq!(
            run(seed, &Settings::default()).broken,
            None,
            "seed {seed}, known for: {reason}"
        );
    }
}
