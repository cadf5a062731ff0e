//! Bare mode: the same handle without the session protocol, against any WebSocket server, at most once.

use std::time::Duration;

use tidewire::{BareConfig, Builder, Client, Fate, Message, Transport};
use wasm_bindgen_test::*;

use crate::support::{fault, soon, take, texts, until, url};

fn bare(config: BareConfig) -> Builder {
    Client::builder(&url("/message")).bare(config)
}

#[wasm_bindgen_test]
async fn text_and_binary_are_echoed_by_a_plain_server() {
    need_server!();
    let (sender, mut messages, _events) = bare(BareConfig::default()).connect().unwrap().split();
    let sent = [
        Message::from("text"),
        Message::from(vec![1, 2, 3]),
        Message::from(""),
    ];
    let mut receipts = Vec::new();
    for message in sent.clone() {
        receipts.push(sender.try_send(message).unwrap());
    }
    assert_eq!(take(&mut messages, 3).await, sent);
    for receipt in receipts {
        assert_eq!(receipt.fate(), Fate::Sent);
        soon("the receipt", receipt).await.unwrap();
    }
    assert_eq!(sender.transport(), Some(Transport::WebSocket));
}

#[wasm_bindgen_test]
async fn it_reconnects_after_a_cut_and_keeps_what_waits() {
    need_server!();
    let (sender, mut messages, _events) = bare(BareConfig::default())
        .configure(|config| config.backoff_base = Duration::from_millis(20))
        .connect()
        .unwrap()
        .split();
    until("it is open", || sender.transport().is_some()).await;
    fault("cut", "").await;
    until("the cut is noticed", || sender.transport().is_none()).await;
    drop(sender.try_send("after the cut").unwrap());
    assert_eq!(texts(&take(&mut messages, 1).await), ["after the cut"]);
}

#[wasm_bindgen_test]
async fn a_heartbeat_of_the_applications_choice_is_sent() {
    need_server!();
    let heartbeat = Some((Message::from("tick"), Duration::from_millis(50)));
    let config = BareConfig {
        heartbeat,
        ..BareConfig::default()
    };
    let mut client = bare(config).connect().unwrap();
    let came = take(client.messages(), 2).await;
    assert_eq!(texts(&came), ["tick", "tick"]);
}
