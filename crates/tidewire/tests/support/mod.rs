//! What the tests have in common: where the server is, waiting for conditions, faults.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use js_sys::{Array, Function, Promise, Reflect, global};
use tidewire::{Builder, Client, Message, Messages, Transport};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response};

/// Where `tidewire-echo --faults` listens: for Chromium and, behind a comma, for Firefox, which may run beside it while the
/// faults of a server strike all its clients. Compiled in, since a page has no environment.
const SERVERS: Option<&str> = option_env!("TIDEWIRE_TEST_SERVERS");

/// The address of this browser's server.
fn server() -> &'static str {
    let servers = SERVERS.unwrap_or("127.0.0.1:5000");
    let (first, second) = servers.split_once(',').unwrap_or((servers, servers));
    if is_firefox() { second } else { first }
}

fn is_firefox() -> bool {
    let navigator = Reflect::get(&global(), &"navigator".into()).unwrap();
    let agent = Reflect::get(&navigator, &"userAgent".into()).unwrap();
    agent.as_string().unwrap().contains("Firefox")
}

/// The address of a path at the test server.
pub(crate) fn url(path: &str) -> String {
    format!("http://{}{path}", server())
}

/// A client of the echo endpoint that remembers nothing of other tests.
pub(crate) fn echo() -> Builder {
    Client::builder(&url("/live")).remember_transport(false)
}

/// A client of the echo endpoint over one transport only.
pub(crate) fn echo_by(transport: Transport) -> Builder {
    echo().transports([transport])
}

/// Whether the test server is there. Without one, and without having been promised one by
/// `TIDEWIRE_TEST_SERVERS`, the test says that it was skipped.
pub(crate) async fn has_server(test: &str) -> bool {
    if post("/faults/clear", "").await.is_some() {
        return true;
    }
    let server = server();
    assert!(
        SERVERS.is_none(),
        "no tidewire-echo with --faults answers at {server}"
    );
    wasm_bindgen_test::console_log!(
        "SKIPPED {test}: no tidewire-echo --faults answers at {server}"
    );
    false
}

/// Begins a test that needs the server: returns from the test where there is none.
#[macro_export]
macro_rules! need_server {
    () => {
        if !$crate::support::has_server(concat!(file!(), ":", line!())).await {
            return;
        }
    };
}

/// Tells the server to misbehave from now on, as its `/faults` says.
pub(crate) async fn fault(name: &str, setting: &str) {
    let done = post(&format!("/faults/{name}"), setting).await;
    assert!(
        done.is_some(),
        "the server refused the order {name} {setting}"
    );
}

/// Posts a text to the server; the answer's body, or `None` where nobody answers with success.
pub(crate) async fn post(path: &str, json: &str) -> Option<String> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(json));
    request(path, &init).await
}

async fn request(path: &str, init: &RequestInit) -> Option<String> {
    let answer = call("fetch", &[url(path).into(), init.into()]);
    let answer = JsFuture::from(answer.unchecked_into::<Promise>())
        .await
        .ok()?;
    let answer: Response = answer.unchecked_into();
    let text = JsFuture::from(answer.text().ok()?).await.ok()?;
    answer.ok().then(|| text.as_string().unwrap_or_default())
}

/// Milliseconds of a clock that does not go back.
pub(crate) fn now() -> f64 {
    let performance = Reflect::get(&global(), &"performance".into()).unwrap();
    performance.unchecked_into::<web_sys::Performance>().now()
}

/// Waits so long. For letting time pass, never for something to have happened.
pub(crate) async fn pass(time: Duration) {
    let millis = i32::try_from(time.as_millis()).unwrap();
    let promise = Promise::new(&mut |resolve, _| {
        // A page that counts its timers offers one that it does not count.
        let counts = Reflect::has(&global(), &"setTimeoutOfTests".into()).unwrap();
        let name = if counts {
            "setTimeoutOfTests"
        } else {
            "setTimeout"
        };
        call(name, &[resolve.into(), millis.into()]);
    });
    JsFuture::from(promise).await.unwrap();
}

/// Lets the tasks and callbacks that are ready run.
pub(crate) async fn turn() {
    pass(Duration::ZERO).await;
}

/// How long a test waits for what must come, in milliseconds: the machine may have much else to do.
const PATIENCE: u32 = 20_000;

/// Waits until a condition holds, as long as patience lasts.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = now();
    while !condition() {
        assert!(
            now() - start < f64::from(PATIENCE),
            "not within {PATIENCE} ms: {what}"
        );
        pass(Duration::from_millis(2)).await;
    }
}

/// What a future gives, as long as patience lasts.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    within(Duration::from_millis(PATIENCE.into()), what, future).await
}

/// What a future gives, within a time.
pub(crate) async fn within<F: Future>(time: Duration, what: &str, future: F) -> F::Output {
    let mut future = pin!(future);
    let mut limit = pin!(pass(time));
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(output);
        }
        assert!(
            limit.as_mut().poll(context).is_pending(),
            "not within {time:?}: {what}"
        );
        Poll::Pending
    })
    .await
}

/// Takes so many messages.
pub(crate) async fn take(messages: &mut Messages, count: usize) -> Vec<Message> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let what = format!("message {} of {count}", taken.len() + 1);
        taken.push(
            soon(&what, messages.next())
                .await
                .expect("the stream goes on"),
        );
    }
    taken
}

/// The texts of messages.
pub(crate) fn texts(messages: &[Message]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| message.as_text().expect("a text"))
        .collect()
}

/// An event of the page, as the browser would fire it.
pub(crate) fn fire(event: &web_sys::Event) {
    global()
        .unchecked_into::<web_sys::EventTarget>()
        .dispatch_event(event)
        .unwrap();
}

/// Calls a function of the global scope. Imports of the library's own kind would clash with it: both are
/// one package to wasm-bindgen.
fn call(name: &str, arguments: &[JsValue]) -> JsValue {
    let function = Reflect::get(&global(), &name.into())
        .unwrap()
        .unchecked_into::<Function>();
    function
        .apply(&JsValue::UNDEFINED, &arguments.iter().collect::<Array>())
        .unwrap()
}
