//! One WebSocket of the browser.

use js_sys::{ArrayBuffer, JsString, Uint8Array};
use tidewire_proto::{Close, CloseCode, Payload};
use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, MessageEvent};

use crate::env::promise::{Callback, callback};
use crate::env::{set, text};

/// What a socket reports.
pub(crate) enum SocketFact {
    /// It is closed, or never opened.
    Closed {
        /// The close code; 1006 where no close frame came.
        code: u16,
        /// The peer's reason.
        reason: String,
    },
    /// A message came.
    Message(Payload),
    /// The handshake is done.
    Opened,
}

/// An open or opening socket. Dropping it detaches the handlers, then closes: nothing is reported any
/// more, and nobody waits for the close event, which comes after a minute where the peer is mute.
pub(crate) struct Socket {
    socket: WebSocket,
    listener: Callback,
}

impl Socket {
    /// Bytes in the browser's send buffer below which a socket takes more.
    const LOW_WATER: u32 = 64 * 1024;

    /// Starts the handshake.
    ///
    /// # Errors
    ///
    /// Where the browser refuses at once: a content security policy, or a sub-protocol that is not a
    /// token.
    pub(crate) fn open(
        url: &str,
        protocols: &JsValue,
        tell: impl Fn(SocketFact) + 'static,
    ) -> Result<Self, JsValue> {
        let socket = WebSocket::new(url, protocols)?;
        // Blobs would arrive later than the messages behind them, and about ten times slower.
        set(&socket, "binaryType", "arraybuffer".into());
        let listener = {
            let socket = socket.clone();
            callback(move |event| tell(read(&socket, &event)))
        };
        let this = Self { socket, listener };
        this.attach(this.listener.as_ref());
        Ok(this)
    }

    /// Hands a message to the browser.
    ///
    /// # Errors
    ///
    /// Where the socket is not open yet. A closed socket swallows the message without an error.
    pub(crate) fn send(&self, message: &Payload) -> Result<(), JsValue> {
        self.socket.send(&match message {
            // A copy: the browser refuses views of shared memory, which a wasm with threads has.
            Payload::Binary(bytes) => Uint8Array::from(bytes.as_slice()).into(),
            Payload::Text(text) => JsValue::from_str(text),
        })
    }

    /// Whether the browser's send buffer has room.
    pub(crate) fn is_writable(&self) -> bool {
        self.socket.buffered_amount() < Self::LOW_WATER
    }

    /// Closes with a code, where browsers allow it.
    pub(crate) fn close(self, close: Option<&Close>) {
        self.attach(&JsValue::NULL);
        if let Some(Close {
            code: CloseCode(code @ (1000 | 3000..=4999)),
            reason,
            ..
        }) = close
        {
            self.socket.close_with(*code, reason);
        }
    }

    fn attach(&self, listener: &JsValue) {
        for name in ["onopen", "onmessage", "onclose"] {
            set(&self.socket, name, listener.clone());
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.attach(&JsValue::NULL);
        // A second close does nothing.
        self.socket.close();
    }
}

/// The state of a socket whose handshake is done.
const OPEN: u16 = 1;

fn read(socket: &WebSocket, event: &JsValue) -> SocketFact {
    // No event but that of a message has data.
    let data = event.unchecked_ref::<MessageEvent>().data();
    if !data.is_undefined() {
        return SocketFact::Message(payload(&data));
    }
    if socket.ready_state() == OPEN {
        return SocketFact::Opened;
    }
    SocketFact::Closed {
        code: event.unchecked_ref::<CloseEvent>().code(),
        reason: text(event, "reason"),
    }
}

fn payload(data: &JsValue) -> Payload {
    match data.dyn_ref::<ArrayBuffer>() {
        Some(buffer) => Payload::Binary(Uint8Array::new(buffer).to_vec()),
        None => Payload::Text(data.unchecked_ref::<JsString>().into()),
    }
}

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    type WebSocket;

    /// `protocols` may be undefined.
    #[wasm_bindgen(constructor, catch)]
    fn new(url: &str, protocols: &JsValue) -> Result<WebSocket, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn send(this: &WebSocket, message: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method)]
    fn close(this: &WebSocket);

    /// Does not throw for what the caller sees to: a code that browsers allow, and at most 123 bytes. A function of its
    /// own, since Chromium takes an undefined code for 0.
    #[wasm_bindgen(method, js_name = close)]
    fn close_with(this: &WebSocket, code: u16, reason: &str);

    #[wasm_bindgen(method, getter, js_name = readyState)]
    fn ready_state(this: &WebSocket) -> u16;

    #[wasm_bindgen(method, getter, js_name = bufferedAmount)]
    fn buffered_amount(this: &WebSocket) -> u32;
}
