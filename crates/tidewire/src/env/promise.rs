//! Functions that the browser calls: by itself, when a promise is settled, or at the end of a turn; without an executor.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

/// Calls `then` once, with the value or with the error. The rejection counts as handled.
pub(crate) fn settled(promise: &Promise, then: impl FnOnce(JsValue) + 'static) {
    // One function for both ways: a promise calls exactly one of them, which frees it.
    let then = once(move |value| {
        then(value);
        JsValue::UNDEFINED
    });
    promise.unchecked_ref::<Thenable>().then(&then, &then);
}

/// Calls `task` at the end of the current turn, before the browser does anything else.
pub(crate) fn defer(task: impl FnOnce() + 'static) {
    queue_microtask(&once(move |_| {
        task();
        JsValue::UNDEFINED
    }));
}

/// A function that the browser calls, while this is kept.
///
/// Of the same type as those that are called [`once`], so that the way from JavaScript exists once.
pub(crate) type Callback = Closure<dyn FnMut(JsValue) -> JsValue>;

pub(crate) fn callback(mut act: impl FnMut(JsValue) + 'static) -> Callback {
    Closure::new(move |value| {
        act(value);
        JsValue::UNDEFINED
    })
}

/// A function of the browser that is called once, which frees it.
pub(crate) fn once(act: impl FnOnce(JsValue) -> JsValue + 'static) -> JsValue {
    // Boxed, so that the wrapping is compiled once and not for each type of closure.
    let act: Box<dyn FnOnce(JsValue) -> JsValue> = Box::new(act);
    Closure::once_into_js(act)
}

#[wasm_bindgen]
extern "C" {
    type Thenable;

    #[wasm_bindgen(method)]
    fn then(this: &Thenable, fulfilled: &JsValue, rejected: &JsValue) -> JsValue;

    #[wasm_bindgen(js_name = queueMicrotask)]
    pub(crate) fn queue_microtask(task: &JsValue);
}
