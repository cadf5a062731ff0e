//! The smallest useful client: connects by any transport, sends text, receives text.
//!
//! `cargo xtask size` measures what it costs a page, glue included.

use js_sys::Function;
use tidewire::{Client, Delivery, Sender};
use wasm_bindgen::prelude::*;

/// A fifth of the standard allocator's size. For modules of one thread, as the client is.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// A client that lives until the page frees it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Live {
    sender: Sender,
    _delivery: Delivery,
}

/// Connects to a server and calls `onmessage` with each text that it sends.
///
/// # Errors
///
/// Throws where the URL cannot be used.
#[wasm_bindgen]
pub fn connect(url: &str, onmessage: Function) -> Result<Live, JsError> {
    let client = Client::builder(url)
        .connect()
        .map_err(|_| JsError::new("this URL cannot be used"))?;
    let (sender, messages, _events) = client.split();
    let delivery = messages.deliver_to(move |message| {
        let text = JsValue::from(message.as_text());
        if let Err(thrown) = onmessage.call1(&JsValue::UNDEFINED, &text) {
            report_error(&thrown);
        }
    });
    Ok(Live {
        sender,
        _delivery: delivery,
    })
}

#[wasm_bindgen]
impl Live {
    /// Whether the text was accepted; it goes out when there is a connection.
    pub fn send(&self, text: &str) -> bool {
        self.sender.try_send(text).is_ok()
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = reportError)]
    fn report_error(error: &JsValue);
}
