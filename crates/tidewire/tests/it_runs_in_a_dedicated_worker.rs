//! The same client in a dedicated worker, where there is no `window`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use wasm_bindgen_test::*;

#[macro_use]
mod support;
#[path = "support/worker.rs"]
mod worker;

wasm_bindgen_test_configure!(run_in_dedicated_worker);
