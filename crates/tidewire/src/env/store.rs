//! Remembers, per host and port of the server, the transport that worked last.
//!
//! Kept in the page's `localStorage`. Where that is missing (in a worker) or forbidden, nothing is
//! remembered and nothing fails: the race of transports then starts from the top.

use tidewire_proto::Transport;
use wasm_bindgen::prelude::*;

use super::{clock, global, number};

/// How long a transport is remembered: a day, so that yesterday's train does not slow down today.
const REMEMBERED_FOR_MILLIS: f64 = 24.0 * 60.0 * 60.0 * 1_000.0;

/// The memory of one server.
pub(crate) struct Store {
    storage: Option<Storage>,
    key: String,
    written: Option<Transport>,
}

impl Store {
    pub(crate) fn open(host: &str) -> Self {
        let mut key = String::from("tidewire:transport:");
        key.push_str(host);
        Self {
            storage: global("localStorage").map(JsValue::unchecked_into),
            key,
            written: None,
        }
    }

    /// A store that remembers nothing.
    pub(crate) const fn none() -> Self {
        Self {
            storage: None,
            key: String::new(),
            written: None,
        }
    }

    /// The transport that worked within the last day.
    pub(crate) fn recall(&self) -> Option<Transport> {
        let entry = self.storage.as_ref()?.get_item(&self.key).ok()?;
        if entry.is_null() {
            return None;
        }
        // `millis * 4 + index`, far below 2^53; anything else, NaN too, fails a comparison.
        let entry = number(&entry);
        let written = (entry / 4.0).floor();
        let age = clock::wall_millis() - written;
        if !(0.0..REMEMBERED_FOR_MILLIS).contains(&age) {
            return None;
        }
        let index = entry - written * 4.0;
        Transport::ALL
            .into_iter()
            .find(|transport| code(*transport) == index)
    }

    /// Remembers `transport`. Written once for each change of transport.
    pub(crate) fn remember(&mut self, transport: Transport) {
        let Some(storage) = &self.storage else { return };
        if self.written == Some(transport) {
            return;
        }
        self.written = Some(transport);
        let entry = clock::wall_millis().floor() * 4.0 + code(transport);
        // A full or forbidden storage is no reason to fail: the next page starts from the top.
        let _ = storage.set_item(&self.key, entry);
    }
}

const fn code(transport: Transport) -> f64 {
    match transport {
        Transport::WebSocket => 0.0,
        Transport::LongPolling => 1.0,
        Transport::Polling => 2.0,
    }
}

#[wasm_bindgen]
extern "C" {
    /// `localStorage` with numbers for values, which saves formatting and parsing them here.
    type Storage;

    #[wasm_bindgen(method, catch, js_name = getItem)]
    fn get_item(this: &Storage, key: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = setItem)]
    fn set_item(this: &Storage, key: &str, value: f64) -> Result<(), JsValue>;
}
