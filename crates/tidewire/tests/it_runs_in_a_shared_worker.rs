//! The same client in a shared worker, where there is no `window` and no page of its own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use wasm_bindgen_test::*;

#[macro_use]
mod support;
#[path = "support/worker.rs"]
mod worker;

wasm_bindgen_test_configure!(run_in_shared_worker);
