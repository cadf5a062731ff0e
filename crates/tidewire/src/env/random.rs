//! The platform's cryptographic generator.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

/// Whether the platform has a cryptographic generator. Every browser has.
pub(crate) fn is_available() -> bool {
    super::global("crypto").is_some()
}

/// The next 64 random bits.
pub(crate) fn next_u64() -> u64 {
    // A fresh array, because the generator refuses views of shared memory.
    let array = Uint8Array::new_with_length(8);
    fill_with_random_values(&array);
    let mut bytes = [0; 8];
    array.copy_to(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill_with_random_values(array: &Uint8Array);
}
