//! The one timer of a client.

use tidewire_proto::Timestamp;
use wasm_bindgen::prelude::*;

use super::clock;
use super::promise::{self, Callback};

/// A timer that can be armed again and again. Dropping it disarms it.
pub(crate) struct Timer {
    callback: Callback,
    armed: Option<(Timestamp, f64)>,
}

impl Timer {
    pub(crate) fn new(mut callback: impl FnMut() + 'static) -> Self {
        Self {
            callback: promise::callback(move |_| callback()),
            armed: None,
        }
    }

    /// Sees to it that the callback runs at `deadline` or before; never, for `None`.
    ///
    /// A timer that is armed for an earlier moment is left alone: a call that comes too early costs
    /// less than setting a timer anew with every message.
    pub(crate) fn set(&mut self, deadline: Option<Timestamp>) {
        let Some(deadline) = deadline else {
            self.disarm();
            return;
        };
        if self.armed.is_some_and(|(armed, _)| armed <= deadline) {
            return;
        }
        self.disarm();
        // Not by way of `Duration::as_micros`, whose 128 bits cost a kilobyte of code.
        let micros = deadline
            .as_micros()
            .saturating_sub(clock::now().as_micros());
        let millis = i32::try_from(micros.div_ceil(1_000)).unwrap_or(i32::MAX);
        self.armed = Some((deadline, set_timeout(self.callback.as_ref(), millis)));
    }

    /// To be called first by the callback: whether the timer was armed.
    pub(crate) fn fired(&mut self) -> bool {
        self.armed.take().is_some()
    }

    fn disarm(&mut self) {
        if let Some((_, handle)) = self.armed.take() {
            clear_timeout(handle);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.disarm();
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &JsValue, millis: i32) -> f64;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(handle: f64);
}
