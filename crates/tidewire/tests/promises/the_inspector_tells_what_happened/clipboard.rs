//! A stand-in for the browser's clipboard.

use js_sys::{Function, Object, Reflect};
use wasm_bindgen::prelude::*;

/// Puts something else in the place of the browser's clipboard, until it is dropped.
pub(super) struct Clipboard;

impl Clipboard {
    pub(super) fn new(clipboard: &JsValue) -> Self {
        let how = Object::new();
        Reflect::set(&how, &"value".into(), clipboard).unwrap();
        Reflect::set(&how, &"configurable".into(), &JsValue::TRUE).unwrap();
        let key = JsValue::from("clipboard");
        assert!(Reflect::define_property(&Self::navigator(), &key, &how).unwrap());
        Self
    }

    /// One that takes a text.
    pub(super) fn open() -> (Self, Object) {
        let clipboard = Object::new();
        let write = Function::new_with_args("text", "this.text = text; return Promise.resolve()");
        Reflect::set(&clipboard, &"writeText".into(), &write).unwrap();
        (Self::new(&clipboard), clipboard)
    }

    fn navigator() -> Object {
        Reflect::get(&js_sys::global(), &"navigator".into())
            .unwrap()
            .unchecked_into()
    }
}

impl Drop for Clipboard {
    fn drop(&mut self) {
        // The browser's own is the prototype's.
        Reflect::delete_property(&Self::navigator(), &"clipboard".into()).unwrap();
    }
}
