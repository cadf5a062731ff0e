//! What JavaScript is told: each event of the client as one call.

use js_sys::Uint8Array;
use tidewire::binding::{self, Event, State};
use tidewire::{Attempt, Cause, Message, Transport, Unconfirmed, Verdict};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The object that is told what happens; `ts/link.ts` implements it. No method of it throws.
    #[derive(Clone, Debug)]
    pub type Listener;

    #[wasm_bindgen(method)]
    fn message(this: &Listener, session: u32, data: JsValue);

    /// The messages up to this one have been handed to a carrier, or are acknowledged.
    #[wasm_bindgen(method)]
    fn progress(this: &Listener, id: f64, acknowledged: bool);

    /// A message will not be acknowledged. 0: dropped before it was sent. 1: certainly not at the peer.
    /// 2: perhaps at the peer.
    #[wasm_bindgen(method)]
    fn unconfirmed(this: &Listener, id: f64, how: u32);

    /// There is room in the outbox again after a refusal.
    #[wasm_bindgen(method)]
    fn room(this: &Listener);

    /// 0: connecting. 1: open, by the transport with this index, else -1. 2: waiting.
    #[wasm_bindgen(method)]
    fn state(this: &Listener, state: u32, transport: f64);

    /// The session is carried; of a session that goes on, the messages that the server had, else -1.
    #[wasm_bindgen(method)]
    fn connected(this: &Listener, received: f64);

    /// 0: an attempt failed, and the next follows in so many milliseconds. 1: the session is lost. 2: closed.
    #[wasm_bindgen(method)]
    fn ended(this: &Listener, what: u32, cause: u32, number: u32, text: &str, retry_in: f64);

    #[wasm_bindgen(method)]
    /// URL and token are asked for, for the attempt of this number.
    fn prepare(this: &Listener, attempt: u32, reauthenticate: bool);
}

/// Tells a listener.
pub(crate) struct Teller {
    listener: Listener,
}

impl Teller {
    pub(crate) const fn new(listener: Listener) -> Self {
        Self { listener }
    }

    fn unconfirmed(&self, messages: &[Unconfirmed]) {
        for message in messages {
            let how = if message.transmitted { 2 } else { 1 };
            self.listener.unconfirmed(message.id.0 as f64, how);
        }
    }

    fn ended(&self, what: u32, cause: &Cause, retry_in: f64) {
        let (kind, number, text) = match cause {
            Cause::ByApplication => (0, 0, ""),
            Cause::NotTidewire { status } => (2, *status, ""),
            Cause::PeerMisbehaved(rule) => (3, 0, *rule),
            Cause::Provider(text) => (4, 0, text.as_str()),
            Cause::Refused(close) => (5, close.code.0, close.reason.as_str()),
            Cause::TimedOut => (6, 0, ""),
            _ => (1, 0, ""),
        };
        self.listener
            .ended(what, kind, number.into(), text, retry_in);
    }
}

impl binding::Listener for Teller {
    fn event(&self, event: Event) {
        let listener = &self.listener;
        match event {
            Event::Acknowledged(id) => listener.progress(id.0 as f64, true),
            Event::Capacity => listener.room(),
            Event::Closed { cause, unconfirmed } => {
                self.unconfirmed(&unconfirmed);
                self.ended(2, &cause, 0.0);
            }
            Event::Connected { verdict, .. } => listener.connected(match verdict {
                Verdict::Fresh => -1.0,
                Verdict::Resumed { received } => received as f64,
            }),
            Event::Dropped { id, .. } => listener.unconfirmed(id.0 as f64, 0),
            Event::Hiccup { cause, retry_in } => {
                self.ended(0, &cause, retry_in.as_secs_f64() * 1_000.0);
            }
            Event::Lost { cause, unconfirmed } => {
                self.unconfirmed(&unconfirmed);
                self.ended(1, &cause, 0.0);
            }
            Event::Message { session, payload } => {
                let data = match payload {
                    Message::Binary(bytes) => Uint8Array::from(bytes.as_slice()).into(),
                    Message::Text(text) => JsValue::from_str(&text),
                };
                listener.message(session.0, data);
            }
            Event::Sent(id) => listener.progress(id.0 as f64, false),
            Event::State(State::Connecting) => listener.state(0, -1.0),
            Event::State(State::Open(transport)) => listener.state(1, index(transport)),
            Event::State(State::Waiting(_)) => listener.state(2, -1.0),
            // A change of transport changes the state as well; that of a closed client is told as closed.
            _ => {}
        }
    }

    fn prepare(&self, attempt: Attempt) {
        self.listener
            .prepare(attempt.number, attempt.reauthenticate);
    }
}

fn index(transport: Transport) -> f64 {
    match transport {
        Transport::WebSocket => 0.0,
        Transport::LongPolling => 1.0,
        Transport::Polling => 2.0,
    }
}
