//! The one class that the package's TypeScript uses.

use js_sys::Float64Array;
use tidewire::binding::{Binding, SendErrorKind, Settings};
use tidewire::{CloseCode, Endpoint, Message, TransportStats};
use wasm_bindgen::prelude::*;

use crate::settings;
use crate::telling::{Listener, Teller};

/// A client at work. It tells its listener what happens until it is freed.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Connection {
    binding: Binding,
}

#[wasm_bindgen]
impl Connection {
    /// Begins to connect, at the end of this turn.
    ///
    /// `protocols` is an array of tokens, each there once. `choices` and `numbers` are laid out as `ts/settings.ts` says.
    ///
    /// # Errors
    ///
    /// Throws the name of the setting, or of the flaw of the URL, that cannot be used.
    #[wasm_bindgen(constructor)]
    pub fn new(
        url: String,
        token: Vec<u8>,
        protocols: JsValue,
        choices: u32,
        numbers: &[f64],
        heartbeat: String,
        listener: Listener,
    ) -> Result<Self, JsValue> {
        let mut settings = Settings::new(url);
        settings.token = token;
        settings.protocols = protocols;
        settings::apply(&mut settings, choices, numbers, heartbeat);
        match Binding::new(settings, Teller::new(listener)) {
            Ok(binding) => Ok(Self { binding }),
            Err(error) => Err(JsValue::from_str(settings::name_of(&error))),
        }
    }

    /// Sends a text. Returns its number, from 1 on; or, for one that is refused, 0 where the outbox is full, -1
    /// where the client is closed or closing, and -2 where it is too long.
    #[wasm_bindgen(js_name = sendText)]
    pub fn send_text(&self, text: String) -> f64 {
        self.send(Message::Text(text))
    }

    /// Sends bytes. Returns what [`send_text`](Self::send_text) returns.
    #[wasm_bindgen(js_name = sendBytes)]
    pub fn send_bytes(&self, bytes: Vec<u8>) -> f64 {
        self.send(Message::Binary(bytes))
    }

    /// The application has taken this many messages of a session.
    pub fn consumed(&self, session: u32, messages: u32) {
        self.binding
            .consumed(tidewire::binding::SessionNumber(session), messages.into());
    }

    /// The provider's answer for an attempt: a token, and a URL where it is not the one before.
    pub fn prepared(&self, attempt: u32, url: Option<String>, token: Vec<u8>) {
        let endpoint = Endpoint::token(token);
        let endpoint = match url {
            Some(url) => endpoint.at(url),
            None => endpoint,
        };
        self.binding.prepared(attempt, Ok(endpoint));
    }

    /// The provider failed for an attempt, for this reason.
    pub fn unprepared(&self, attempt: u32, reason: String) {
        self.binding.prepared(attempt, Err(reason));
    }

    /// Closes: what was sent goes first, then code and reason, which the caller has checked.
    pub fn close(&self, code: u16, reason: &str) {
        self.binding.close(CloseCode(code), reason);
    }

    /// The longest message that can be sent now, in bytes.
    #[wasm_bindgen(js_name = maxMessage)]
    pub fn max_message(&self) -> f64 {
        self.binding.max_message() as f64
    }

    /// The counters, in the order of `ts/stats.ts`.
    pub fn stats(&self) -> Float64Array {
        let stats = self.binding.stats();
        let [first, second, third] = stats.transports.each_ref().map(of_transport);
        let of_client = [
            stats.messages_sent,
            stats.messages_received,
            stats.messages_acknowledged,
            stats.duplicates_dropped,
            stats.reconnects,
            stats.sessions_lost,
            stats.outbox_messages as u64,
            stats.outbox_bytes as u64,
        ]
        .map(|count| count as f64);
        Float64Array::from([first, second, third, of_client].as_flattened())
    }
}

impl Connection {
    fn send(&self, message: Message) -> f64 {
        match self.binding.send(message) {
            Ok(id) => id.0 as f64,
            Err(error) => match error.kind {
                SendErrorKind::Full => 0.0,
                SendErrorKind::TooLarge { .. } => -2.0,
                _ => -1.0,
            },
        }
    }
}

fn of_transport(stats: &TransportStats) -> [f64; 8] {
    [
        stats.connections as f64,
        stats.requests as f64,
        stats.packets_sent as f64,
        stats.packets_received as f64,
        stats.bytes_sent as f64,
        stats.bytes_received as f64,
        stats.failures as f64,
        stats.round_trip.as_secs_f64() * 1_000.0,
    ]
}
