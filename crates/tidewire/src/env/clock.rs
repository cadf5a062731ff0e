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

/// A moment of the wall's clock as `18:04:59.123`, in the user's time zone.
#[cfg(feature = "inspector")]
pub(crate) fn time_of_day(wall_millis: f64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(wall_millis));
    // `18:04:59 GMT+0100`, by ECMA-262; time zones differ by whole seconds.
    let text = String::from(date.to_time_string());
    format!("{text:.8}.{:03}", wall_millis as u64 % 1_000)
}

/// Date and time, with the difference of the user's time zone.
#[cfg(feature = "inspector")]
pub(crate) fn date() -> String {
    js_sys::Date::new_0().to_string().into()
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
}
