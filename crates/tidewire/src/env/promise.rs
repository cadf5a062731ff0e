//! Promises and the microtask queue, without an executor.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

/// Calls `then` once, with the value or with the error. The rejection counts as handled.
pub(crate) fn settled(promise: &Promise, then: impl FnOnce(JsValue) + 'static) {
    // One function for both ways: a promise calls exactly one of them, which frees it.
    let then = Closure::once_into_js(then);
    promise.unchecked_ref::<Thenable>().then(&then, &then);
}

/// Calls `task` at the end of the current turn, before the browser does anything else.
pub(crate) fn defer(task: impl FnOnce() + 'static) {
    queue_microtask(&Closure::once_into_js(move |_: JsValue| task()));
}

#[wasm_bindgen]
extern "C" {
    type Thenable;

    #[wasm_bindgen(method)]
    fn then(this: &Thenable, fulfilled: &JsValue, rejected: &JsValue) -> JsValue;

    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(task: &JsValue);
}
