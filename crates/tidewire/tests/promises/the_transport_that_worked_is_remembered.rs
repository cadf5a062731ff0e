//! What worked is written down for the server of the builder's address, and for no other. Workers have no `localStorage`, so
//! nothing is remembered there.

use js_sys::{Function, Reflect};
use tidewire::{Builder, Client, Endpoint, Transport};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::*;

use crate::support::{soon, url};

/// Calls a method of the storage for the entry of a host; nothing where there is no storage.
fn on_entry(method: &str, host: &str) -> Option<JsValue> {
    let storage = Reflect::get(&js_sys::global(), &"localStorage".into()).ok()?;
    let method: Function = Reflect::get(&storage, &method.into())
        .ok()?
        .dyn_into()
        .ok()?;
    let key = format!("tidewire:transport:{host}");
    method.call1(&storage, &key.into()).ok()
}

fn has_entry(host: &str) -> bool {
    on_entry("getItem", host).is_some_and(|entry| entry.is_string())
}

async fn echo_by_long_polling(builder: Builder) {
    let mut client = builder
        .transports([Transport::LongPolling])
        .connect()
        .expect("the settings make sense");
    drop(client.try_send("ahoy").expect("there is room"));
    let message = soon("the echo", client.next()).await.expect("it goes on");
    assert_eq!(message.as_text(), Some("ahoy"));
}

#[wasm_bindgen_test]
async fn for_the_builders_address_unless_it_is_told_not_to() {
    need_server!();
    let address = url("/live");
    let (_, rest) = address.split_once("://").expect("an absolute address");
    let (host, _) = rest.split_once('/').expect("a path");
    on_entry("removeItem", host);
    echo_by_long_polling(Client::builder(&address).remember_transport(false)).await;
    assert!(!has_entry(host));
    echo_by_long_polling(Client::builder(&address)).await;
    assert_eq!(has_entry(host), on_entry("getItem", host).is_some());
    on_entry("removeItem", host);
}

#[wasm_bindgen_test]
async fn not_for_a_server_that_a_provider_names() {
    need_server!();
    let elsewhere = || async { Ok(Endpoint::default().at(url("/live"))) };
    echo_by_long_polling(Client::builder("http://127.0.0.1:9/").provider(move |_| elsewhere()))
        .await;
    assert!(!has_entry("127.0.0.1:9"));
}
