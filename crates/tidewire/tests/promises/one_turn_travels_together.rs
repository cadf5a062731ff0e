//! Economy: a message costs one WebSocket frame or one request, and what is sent in one turn of the
//! event loop shares them.

use tidewire::Transport;
use wasm_bindgen_test::*;

use crate::harness;
use crate::support::{echo_by, soon, take, texts, until};

#[wasm_bindgen_test]
async fn a_thousand_sends_are_a_few_websocket_messages_and_arrive_as_a_thousand() {
    harness::live();
    need_server!();
    let patient = |config: &mut tidewire::ClientConfig| {
        // However long the echoes take to come.
        config.ack_delay = std::time::Duration::from_secs(1);
    };
    let (sender, mut messages, _events) = echo_by(Transport::WebSocket)
        .configure(patient)
        .connect()
        .unwrap()
        .split();
    until("it is open", || sender.transport().is_some()).await;
    let before = harness::socket_messages();
    let numbers: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    let mut last = None;
    for number in &numbers {
        last = Some(sender.try_send(number.as_str()).unwrap());
    }
    let came = take(&mut messages, 1_000).await;
    assert_eq!(texts(&came), numbers);
    soon("the last receipt", last.unwrap()).await.unwrap();
    let cost = harness::socket_messages() - before;
    assert!(cost <= 10, "{cost} WebSocket messages");
}

#[wasm_bindgen_test]
async fn one_message_is_one_websocket_message() {
    harness::live();
    need_server!();
    let (sender, mut messages, _events) = echo_by(Transport::WebSocket).connect().unwrap().split();
    soon("the first receipt", sender.try_send("hello").unwrap())
        .await
        .unwrap();
    take(&mut messages, 1).await;
    until("all is quiet", || sender.stats().outbox_messages == 0).await;
    let acknowledged = harness::socket_messages();
    until("the echo is acknowledged", || {
        harness::socket_messages() > acknowledged
    })
    .await;

    let before = harness::socket_messages();
    let receipt = sender.try_send("alone").unwrap();
    let came = take(&mut messages, 1).await;
    assert_eq!(texts(&came), ["alone"]);
    assert_eq!(harness::socket_messages() - before, 1);
    soon("the receipt", receipt).await.unwrap();
}

#[wasm_bindgen_test]
async fn one_message_is_one_request() {
    harness::live();
    need_server!();
    let quiet = |config: &mut tidewire::ClientConfig| {
        config.polling_floor = std::time::Duration::from_secs(60);
        config.polling_ceiling = std::time::Duration::from_secs(60);
    };
    let (sender, mut messages, _events) = echo_by(Transport::Polling)
        .configure(quiet)
        .connect()
        .unwrap()
        .split();
    let first = sender.try_send("hello").unwrap();
    take(&mut messages, 1).await;
    soon("the first receipt", first).await.unwrap();

    let before = harness::requests_made("/live");
    let receipt = sender.try_send("alone").unwrap();
    soon("the receipt", receipt).await.unwrap();
    assert_eq!(harness::requests_made("/live") - before, 1);
    take(&mut messages, 1).await;
}
