//! The clipboard, and the field from which a user copies where that is closed.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::{global, promise, property};

/// Puts a text on the clipboard; `done` hears that it is there, or gets it back. Browsers allow it while they handle a
/// click, on secure pages.
pub(crate) fn write(text: String, done: impl FnOnce(Result<(), String>) + 'static) {
    let clipboard = global("navigator").and_then(|navigator| property(&navigator, "clipboard"));
    let writing = clipboard.and_then(|clipboard| {
        clipboard
            .unchecked_ref::<Clipboard>()
            .write_text(&text)
            .ok()
    });
    match writing {
        // It resolves with nothing, and rejects with an error.
        Some(writing) => promise::settled(&writing, move |end| {
            done(if end.is_undefined() {
                Ok(())
            } else {
                Err(text)
            });
        }),
        None => done(Err(text)),
    }
}

/// Moves the focus to a text field and selects all of its text.
pub(crate) fn select(field: &JsValue) {
    let field = field.unchecked_ref::<Field>();
    field.focus();
    field.select();
}

#[wasm_bindgen]
extern "C" {
    type Clipboard;

    #[wasm_bindgen(method, catch, js_name = writeText)]
    fn write_text(this: &Clipboard, text: &str) -> Result<Promise, JsValue>;

    type Field;

    #[wasm_bindgen(method)]
    fn focus(this: &Field);

    #[wasm_bindgen(method)]
    fn select(this: &Field);
}
