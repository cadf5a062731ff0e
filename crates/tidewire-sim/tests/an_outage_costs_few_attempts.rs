//! While nothing works a client keeps trying, and does not hammer.
#![cfg(not(target_arch = "wasm32"))]

use tidewire_sim::outage;

/// Backoff with full jitter up to 45 s gives about 35 attempts; this is what chance may add.
const MOST: u32 = 45;

const TEN_MINUTES: u64 = 600;

#[test]
fn ten_minutes_without_a_server_cost_few_attempts() {
    let mut sum = 0;
    for seed in 0..300 {
        let tried = outage(seed, TEN_MINUTES).expect("default settings");
        assert!(tried.attempts <= MOST, "seed {seed}: {tried:?}");
        assert!(
            tried.handshakes <= MOST && tried.requests <= 2 * MOST,
            "seed {seed}: {tried:?}"
        );
        // It must not give up either.
        assert!(tried.attempts >= 10, "seed {seed}: {tried:?}");
        sum += tried.attempts;
    }
    assert!(sum / 300 <= 40, "{} attempts on average", sum / 300);
}
