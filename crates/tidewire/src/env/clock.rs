//! Two clocks: one that does not go back, and the wall's.

use tidewire_proto::Timestamp;
use wasm_bindgen::prelude::*;

/// The time since the page or the worker began.
pub(crate) fn now() -> Timestamp {
    // A cast from f64 saturates.
    Timestamp::from_micros((performance_now() * 1_000.0) as u64)
}

/// Milliseconds since 1970. It jumps when the user sets the clock, and it counts the time that a
/// machine slept, which [`now`] does not do everywhere.
pub(crate) fn wall_millis() -> f64 {
    date_now()
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
}
