//! What is alive in the page, counted by `harness.js` from the first call on.

#![allow(dead_code, reason = "each test file uses a part of it")]

use wasm_bindgen::prelude::*;

/// What a client may hold of the browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Live {
    pub(crate) sockets: u32,
    pub(crate) requests: u32,
    pub(crate) timers: u32,
    pub(crate) listeners: u32,
}

/// What is alive now.
pub(crate) fn live() -> Live {
    Live {
        sockets: live_sockets(),
        requests: live_requests(),
        timers: live_timers(),
        listeners: live_listeners(),
    }
}

/// The size of this module's memory.
pub(crate) fn memory_bytes() -> u32 {
    let memory = wasm_bindgen::memory().unchecked_into::<js_sys::WebAssembly::Memory>();
    memory
        .buffer()
        .unchecked_into::<js_sys::ArrayBuffer>()
        .byte_length()
}

#[wasm_bindgen(module = "/tests/support/harness.js")]
extern "C" {
    fn live_sockets() -> u32;
    fn live_requests() -> u32;
    fn live_timers() -> u32;
    fn live_listeners() -> u32;

    /// WebSockets made so far.
    pub(crate) fn sockets_made() -> u32;

    /// Messages sent on all WebSockets so far.
    pub(crate) fn socket_messages() -> u32;

    /// Requests so far to addresses with this end.
    pub(crate) fn requests_made(path: &str) -> u32;

    /// The sizes of the bodies that were sent with keepalive.
    pub(crate) fn keepalive_sizes() -> Vec<u32>;

    /// Whether this origin held, or waited for, the permit to hold a poll when this was last asked.
    pub(crate) fn holds_locks() -> bool;

    /// Uncaught errors and unhandled rejections, one a line.
    pub(crate) fn errors_seen() -> String;
}
