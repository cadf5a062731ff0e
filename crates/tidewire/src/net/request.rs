//! One HTTP exchange: a POST of raw bytes and its answer.

use std::cell::Cell;
use std::time::Duration;

use js_sys::{ArrayBuffer, Date, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, RequestCache, RequestCredentials, RequestInit, Response};

use crate::builder::Credentials;
use crate::env::clock;
use crate::env::promise::settled;

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
        init.set_cache(RequestCache::NoStore);
        init.set_signal(Some(&abort.signal()));
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
    // A plain object takes any property.
    let _ = Reflect::set(&init, &JsValue::from_str("keepalive"), &JsValue::TRUE);
    let promise = fetch(url, &init).ok()?;
    let size = body.len();
    KEEPALIVE_IN_FLIGHT.set(in_flight + size);
    settled(&promise, move |_| {
        KEEPALIVE_IN_FLIGHT.set(KEEPALIVE_IN_FLIGHT.get().saturating_sub(size));
    });
    Some(size)
}

fn init(body: &[u8], credentials: Credentials) -> RequestInit {
    let init = RequestInit::new();
    init.set_method("POST");
    // An array of bytes has no content type, so the browser asks for no permission first (preflight).
    init.set_body(&Uint8Array::from(body));
    init.set_credentials(match credentials {
        Credentials::Include => RequestCredentials::Include,
        Credentials::Omit => RequestCredentials::Omit,
        Credentials::SameOrigin => RequestCredentials::SameOrigin,
    });
    init
}

fn read(answer: &JsValue, done: impl FnOnce(Exchange) + 'static) {
    let Some(answer) = answer.dyn_ref::<Response>() else {
        return done(Exchange::Failed);
    };
    let Ok(body) = answer.array_buffer() else {
        return done(Exchange::Failed);
    };
    let status = answer.status();
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
    let text = answer.headers().get("retry-after").ok()??;
    let seconds = number(&text);
    let millis = if seconds.is_nan() {
        Date::parse(&text) - clock::wall_millis()
    } else {
        seconds * 1_000.0
    };
    // The cast saturates; NaN and what is negative are sorted out here.
    (millis >= 0.0).then(|| Duration::from_millis(millis as u64))
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = Number)]
    fn number(text: &str) -> f64;
}
