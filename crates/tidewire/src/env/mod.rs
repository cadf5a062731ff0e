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
///
/// One import for all of them. A getter is for what is read with each message, and for flags and numbers, which cost less
/// than the name.
pub(crate) fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = get(object, name).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

/// A property that is a text; empty where it is none.
pub(crate) fn text(object: &JsValue, name: &str) -> String {
    let text = property(object, name).and_then(|text| text.as_string());
    text.unwrap_or_default()
}

/// A property of the global scope; `None` where it is missing, null or forbidden.
pub(crate) fn global(name: &str) -> Option<JsValue> {
    property(&global_scope(), name)
}

#[wasm_bindgen]
extern "C" {
    /// The global scope: what `valueOf` answers is the object itself.
    #[wasm_bindgen(js_namespace = globalThis, js_name = valueOf)]
    pub(crate) fn global_scope() -> JsValue;

    #[wasm_bindgen(js_namespace = Reflect, catch)]
    fn get(object: &JsValue, name: &str) -> Result<JsValue, JsValue>;

    /// Sets a property of an object that takes it: any of a plain one, or its own of another.
    #[wasm_bindgen(js_namespace = Reflect)]
    pub(crate) fn set(object: &JsValue, name: &str, value: JsValue);

    /// What JavaScript makes of a value as a number; NaN where that is none.
    #[wasm_bindgen(js_name = Number)]
    pub(crate) fn number(value: &JsValue) -> f64;
}
