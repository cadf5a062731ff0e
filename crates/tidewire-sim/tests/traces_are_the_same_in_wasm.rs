//! The machines do the same in a browser as natively, byte for byte.
#![cfg(target_arch = "wasm32")]

use tidewire_sim::combined_hash;
use wasm_bindgen_test::wasm_bindgen_test;

/// What the native simulator prints for `--seeds 200 --hash`; `cargo xtask test` hands it in.
const NATIVE: Option<&str> = option_env!("TIDEWIRE_TRACE_HASH");

const SEEDS: Option<&str> = option_env!("TIDEWIRE_TRACE_SEEDS");

#[wasm_bindgen_test]
fn the_traces_equal_the_native_ones() {
    let native = NATIVE
        .expect("TIDEWIRE_TRACE_HASH: set it to the output of `tidewire-sim --seeds 200 --hash`");
    let seeds = SEEDS
        .unwrap_or("200")
        .parse()
        .expect("TIDEWIRE_TRACE_SEEDS is a number");
    assert_eq!(format!("{:016x}", combined_hash(0, seeds)), native);
}
