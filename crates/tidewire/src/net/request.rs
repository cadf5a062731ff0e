//! One HTTP exchange: a POST of raw bytes and its answer.

use std::cell::Cell;
use std::time::Duration;

use js_sys::{ArrayBuffer, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

use crate::builder::Credentials;
use crate::env::promise::settled;
use crate::env::{clock, number, property, set};

/// How an exchange ended.
pub(crate) enum Exchange {
    /// The server, or something on the way to it, answered.
    Answered {
        status: u16,
        body: Vec<u8>,
        retry_after: Option<Duration>,
    },
    /// No answer came: the network, a cross-origin refusal, or a cut within the body.
    Failed,
}

/// A running exchange. Dropping it aborts it, which frees its connection.
pub(crate) struct Request {
    abort: AbortController,
}

impl Request {
    /// Starts an exchange; `done` is called once, in a later turn, also after an abort.
    ///
    /// # Errors
    ///
    /// Where the environment cannot send a request at all.
    pub(crate) fn post(
        url: &str,
        body: &[u8],
        credentials: Credentials,
        done: impl FnOnce(Exchange) + 'static,
    ) -> Result<Self, JsValue> {
        let abort = AbortController::new()?;
        let init = init(body, credentials);
        set(&init, "cache", "no-store".into());
        set(&init, "signal", abort.signal().into());
        settled(&fetch(url, &init)?, move |answer| read(&answer, done));
        Ok(Self { abort })
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

/// Bytes that the keepalive requests of a page may have in flight together (Fetch standard, 64 KiB).
const KEEPALIVE_QUOTA: usize = 65_536;

thread_local! {
    static KEEPALIVE_IN_FLIGHT: Cell<usize> = const { Cell::new(0) };
}

/// Sends a body that outlives the page, and answers with its size. `make` gets the number of bytes that may
/// be sent, which all clients of the page share, and returns no more than that.
///
/// Nobody waits for the answer: the page is gone, or it comes back and attaches anew.
pub(crate) fn flush(
    url: &str,
    credentials: Credentials,
    make: impl FnOnce(usize) -> Option<Vec<u8>>,
) -> Option<usize> {
    let in_flight = KEEPALIVE_IN_FLIGHT.get();
    let body = make(KEEPALIVE_QUOTA.saturating_sub(in_flight))?;
    let init = init(&body, credentials);
    set(&init, "keepalive", JsValue::TRUE);
    let promise = fetch(url, &init).ok()?;
    let size = body.len();
    KEEPALIVE_IN_FLIGHT.set(in_flight + size);
    settled(&promise, move |_| {
        KEEPALIVE_IN_FLIGHT.set(KEEPALIVE_IN_FLIGHT.get().saturating_sub(size));
    });
    Some(size)
}

fn init(body: &[u8], credentials: Credentials) -> Object {
    let credentials = match credentials {
        Credentials::Include => "include",
        Credentials::Omit => "omit",
        Credentials::SameOrigin => "same-origin",
    };
    let init = Object::new();
    set(&init, "method", "POST".into());
    // An array of bytes has no content type, so the browser asks for no permission first (preflight).
    set(&init, "body", Uint8Array::from(body).into());
    set(&init, "credentials", credentials.into());
    init
}

fn read(answer: &JsValue, done: impl FnOnce(Exchange) + 'static) {
    // Whatever came in a response's place, an error as a rule, has no status or no body.
    let Some(status) = property(answer, "status") else {
        return done(Exchange::Failed);
    };
    let answer = answer.unchecked_ref::<Response>();
    let Ok(body) = answer.array_buffer() else {
        return done(Exchange::Failed);
    };
    let status = number(&status) as u16;
    let retry_after = retry_after(answer);
    settled(&body, move |body| {
        done(match body.dyn_ref::<ArrayBuffer>() {
            Some(body) => Exchange::Answered {
                status,
                body: Uint8Array::new(body).to_vec(),
                retry_after,
            },
            None => Exchange::Failed,
        });
    });
}

/// RFC 9110 section 10.2.3: seconds or a date. What is neither, or past, is no advice.
fn retry_after(answer: &Response) -> Option<Duration> {
    let advice = answer.headers().get("retry-after");
    if advice.is_null() {
        return None;
    }
    let seconds = number(&advice);
    let millis = if seconds.is_nan() {
        parse_date(&advice) - clock::wall_millis()
    } else {
        seconds * 1_000.0
    };
    // The cast saturates; NaN and what is negative are sorted out here.
    (millis >= 0.0).then(|| Duration::from_millis(millis as u64))
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &Object) -> Result<Promise, JsValue>;

    type Response;

    #[wasm_bindgen(method, getter)]
    fn headers(this: &Response) -> Headers;

    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    fn array_buffer(this: &Response) -> Result<Promise, JsValue>;

    type Headers;

    /// Null where there is none.
    #[wasm_bindgen(method)]
    fn get(this: &Headers, name: &str) -> JsValue;

    #[wasm_bindgen(js_namespace = Date, js_name = parse)]
    fn parse_date(text: &JsValue) -> f64;
}
