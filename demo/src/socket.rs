//! The browser's WebSocket as it is, with handlers that go when it does.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};
use yew::prelude::*;

/// What a socket tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum SocketEvent {
    Binary(Vec<u8>),
    Closed { code: u16, reason: String },
    Opened,
    Text(String),
}

/// A WebSocket; dropping it detaches the handlers and closes it.
pub(crate) struct PlainSocket {
    socket: WebSocket,
    _open: Closure<dyn FnMut()>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _close: Closure<dyn FnMut(CloseEvent)>,
}

impl PlainSocket {
    /// Begins to open a socket; none where the browser refuses the address. `tell` must not drop the socket while it runs.
    pub(crate) fn open(url: &str, tell: impl Fn(SocketEvent) + Clone + 'static) -> Option<Self> {
        let socket = WebSocket::new(url).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let (opened, received, closed) = (tell.clone(), tell.clone(), tell);
        let open = Closure::new(move || opened(SocketEvent::Opened));
        let message = Closure::new(move |event: MessageEvent| {
            let data = event.data();
            if let Some(text) = data.as_string() {
                received(SocketEvent::Text(text));
            } else if let Ok(buffer) = data.dyn_into::<ArrayBuffer>() {
                received(SocketEvent::Binary(Uint8Array::new(&buffer).to_vec()));
            }
        });
        let close = Closure::new(move |event: CloseEvent| {
            closed(SocketEvent::Closed {
                code: event.code(),
                reason: event.reason(),
            });
        });
        socket.set_onopen(Some(open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        Some(Self {
            socket,
            _open: open,
            _message: message,
            _close: close,
        })
    }

    pub(crate) fn is_open(&self) -> bool {
        self.socket.ready_state() == WebSocket::OPEN
    }

    /// Begins the closing handshake; that it ended is told as an event.
    pub(crate) fn close(&self) {
        // Without a code it cannot fail, and a socket that is closed already stays so.
        let _ = self.socket.close();
    }

    /// Sends a text; whether the browser took it. What becomes of it nobody knows.
    pub(crate) fn send(&self, text: &str) -> bool {
        self.is_open() && self.socket.send_with_str(text).is_ok()
    }
}

impl Drop for PlainSocket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        self.close();
    }
}

/// The place of a socket that ends with the component, at the latest.
#[hook]
pub(crate) fn use_socket() -> Rc<RefCell<Option<PlainSocket>>> {
    let place = use_mut_ref(|| None::<PlainSocket>);
    {
        let place = Rc::clone(&place);
        use_effect_with((), move |()| move || drop(place.take()));
    }
    place
}
