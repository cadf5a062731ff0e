//! JSON, read by the browser's own parser: a reader compiled into the page would be a tenth of it.

use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::JsValue;

/// A value of a JSON text, or nothing where there is none.
pub(crate) struct Json(JsValue);

impl Json {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        JSON::parse(text).ok().map(Self)
    }

    /// A field of an object; nothing where this is no object or has none of that name.
    pub(crate) fn get(&self, name: &str) -> Self {
        Self(Reflect::get(&self.0, &name.into()).unwrap_or_default())
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.0.is_null() || self.0.is_undefined()
    }

    pub(crate) fn number(&self) -> Option<f64> {
        self.0.as_f64()
    }

    /// A whole number, zero or above.
    pub(crate) fn count(&self) -> Option<u64> {
        self.number().map(|number| number as u64)
    }

    pub(crate) fn text(&self) -> Option<String> {
        self.0.as_string()
    }

    /// Reads each item of an array; nothing where this is none, or where an item is not as expected.
    pub(crate) fn list<T>(&self, read: impl Fn(&Self) -> Option<T>) -> Option<Vec<T>> {
        if !Array::is_array(&self.0) {
            return None;
        }
        let items = Array::from(&self.0);
        (0..items.length())
            .map(|index| read(&Self(items.get(index))))
            .collect()
    }
}
