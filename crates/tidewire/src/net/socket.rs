//! One WebSocket of the browser.

use js_sys::{ArrayBuffer, JsString, Uint8Array};
use tidewire_proto::{Close, CloseCode, Payload};
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use crate::env::text;

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
    on_message: Closure<dyn FnMut(JsValue)>,
    on_change: Closure<dyn FnMut(JsValue)>,
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
        protocols: &[String],
        tell: impl Fn(SocketFact) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let names: js_sys::Array = protocols
            .iter()
            .map(|name| JsValue::from_str(name))
            .collect();
        let socket = WebSocket::new_with_str_sequence(url, &names)?;
        // Blobs would arrive later than the messages behind them, and about ten times slower.
        socket.set_binary_type(BinaryType::Arraybuffer);
        let on_message = {
            let tell = tell.clone();
            Closure::new(move |event: JsValue| {
                let data = event.unchecked_ref::<MessageEvent>().data();
                tell(SocketFact::Message(payload(&data)));
            })
        };
        let on_change = {
            let socket = socket.clone();
            Closure::new(move |event: JsValue| tell(change(&socket, &event)))
        };
        let this = Self {
            socket,
            on_message,
            on_change,
        };
        this.attach(true);
        Ok(this)
    }

    /// Hands a message to the browser.
    ///
    /// # Errors
    ///
    /// Where the socket is not open yet. A closed socket swallows the message without an error.
    pub(crate) fn send(&self, message: &Payload) -> Result<(), JsValue> {
        match message {
            // The browser refuses views of shared memory, so a wasm with threads sends a copy.
            #[cfg(target_feature = "atomics")]
            Payload::Binary(bytes) => self
                .socket
                .send_with_array_buffer_view(&Uint8Array::from(bytes.as_slice())),
            #[cfg(not(target_feature = "atomics"))]
            Payload::Binary(bytes) => self.socket.send_with_u8_array(bytes),
            Payload::Text(text) => self.socket.send_with_str(text),
        }
    }

    /// Whether the browser's send buffer has room.
    pub(crate) fn is_writable(&self) -> bool {
        self.socket.buffered_amount() < Self::LOW_WATER
    }

    /// Closes with a code, where browsers allow it.
    pub(crate) fn close(self, close: Option<&Close>) {
        self.attach(false);
        if let Some(Close {
            code: CloseCode(code @ (1000 | 3000..=4999)),
            reason,
            ..
        }) = close
        {
            // The code and the length of the reason are as the browser demands.
            let _ = self.socket.close_with_code_and_reason(*code, reason);
        }
    }

    fn attach(&self, attached: bool) {
        let change = attached.then(|| self.on_change.as_ref().unchecked_ref());
        self.socket.set_onopen(change);
        self.socket.set_onclose(change);
        self.socket
            .set_onmessage(attached.then(|| self.on_message.as_ref().unchecked_ref()));
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.attach(false);
        // Without arguments closing does not fail; a second close does nothing.
        let _ = self.socket.close();
    }
}

fn change(socket: &WebSocket, event: &JsValue) -> SocketFact {
    if socket.ready_state() == WebSocket::OPEN {
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
