//! What a test calls in the page.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use crate::conversation::Conversation;

thread_local! {
    static CONVERSATION: RefCell<Option<Conversation>> = const { RefCell::new(None) };
}

/// Connects as `options` (the JSON of [`Options`](crate::report::Options)) say. An earlier client is dropped.
///
/// # Errors
///
/// Throws where the options make no sense.
#[wasm_bindgen]
pub fn connect(options: &str) -> Result<(), JsError> {
    let options = serde_json::from_str(options)?;
    let conversation = Conversation::begin(&options).map_err(|error| JsError::new(&error))?;
    CONVERSATION.set(Some(conversation));
    Ok(())
}

/// Sends the next messages, in this turn as far as the outbox has room.
///
/// # Errors
///
/// Throws before [`connect`].
#[wasm_bindgen]
pub fn say(count: u32) -> Result<(), JsError> {
    with(|conversation| conversation.say(count))
}

/// The JSON of a [`Report`](crate::report::Report).
///
/// # Errors
///
/// Throws before [`connect`].
#[wasm_bindgen]
pub fn report() -> Result<String, JsError> {
    let report = with(Conversation::report)?;
    Ok(serde_json::to_string(&report)?)
}

fn with<R>(act: impl FnOnce(&Conversation) -> R) -> Result<R, JsError> {
    CONVERSATION.with_borrow(|conversation| {
        let conversation = conversation
            .as_ref()
            .ok_or_else(|| JsError::new("the page is not connected: call connect first"))?;
        Ok(act(conversation))
    })
}
