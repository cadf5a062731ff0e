//! What the library takes from its surroundings besides the network: time, chance, the page's life
//! cycle, the origin's storage and locks.
//!
//! Everything is looked up in the global scope, never in `window`, so that a dedicated worker and a
//! shared worker serve as well as a page.

use wasm_bindgen::prelude::*;

#[cfg(feature = "inspector")]
pub(crate) mod clipboard;
pub(crate) mod clock;
pub(crate) mod locks;
pub(crate) mod page;
pub(crate) mod promise;
pub(crate) mod random;
pub(crate) mod spawn;
pub(crate) mod store;
pub(crate) mod timer;

/// A property of an object; `None` where it is missing, null or forbidden.
pub(crate) fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = js_sys::Reflect::get(object, &JsValue::from_str(name)).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

/// A property of the global scope; `None` where it is missing, null or forbidden.
pub(crate) fn global(name: &str) -> Option<JsValue> {
    property(&js_sys::global(), name)
}
