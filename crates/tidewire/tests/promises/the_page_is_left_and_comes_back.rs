//! At `pagehide` what is unsent goes out by keepalive requests, 64 KiB in all at most; at `pageshow` from the
//! back/forward cache the session goes on at once.
//!
//! The events are made by the tests, since a page that really leaves takes its tests along.

use tidewire::{Builder, Client, Fate, Transport, Verdict};
use wasm_bindgen_test::*;
use web_sys::{Event, PageTransitionEvent, PageTransitionEventInit};

use crate::harness;
use crate::support::{echo, echo_by, fault, fire, now, soon, take, texts, until};

fn transition(name: &str, persisted: bool) -> Event {
    let init = PageTransitionEventInit::new();
    init.set_persisted(persisted);
    PageTransitionEvent::new_with_event_init_dict(name, &init)
        .unwrap()
        .into()
}

#[wasm_bindgen_test]
async fn what_is_unsent_goes_out_and_is_delivered_once() {
    harness::live();
    need_server!();
    let (sender, mut messages, _events) = echo_by(Transport::WebSocket).connect().unwrap().split();
    drop(sender.try_send("first").unwrap());
    take(&mut messages, 1).await;
    let before = harness::keepalive_sizes().len();

    // In one turn: nothing of it has gone out by the socket yet.
    let receipt = sender.try_send("last word").unwrap();
    fire(&transition("pagehide", true));
    let sizes = harness::keepalive_sizes();
    assert_eq!(sizes.len() - before, 1);
    assert!(sizes[before] < 200, "{sizes:?}");

    fire(&transition("pageshow", true));
    assert_eq!(texts(&take(&mut messages, 1).await), ["last word"]);
    soon("the receipt", receipt).await.unwrap();
    drop(sender.try_send("next").unwrap());
    assert_eq!(texts(&take(&mut messages, 1).await), ["next"]);
}

#[wasm_bindgen_test]
async fn all_clients_of_a_page_share_64_kib() {
    harness::live();
    need_server!();
    fault("delay", r#"{"millis":300}"#).await;
    let clients: Vec<Client> = (0..3)
        .map(|_| echo_by(Transport::WebSocket).connect().unwrap())
        .collect();
    let mut receipts = Vec::new();
    for client in &clients {
        for _ in 0..4 {
            receipts.push(client.try_send(vec![7; 10_000]).unwrap());
        }
    }
    let before = harness::keepalive_sizes().len();
    fire(&transition("pagehide", true));
    let sizes = &harness::keepalive_sizes()[before..];
    let total: u32 = sizes.iter().sum();
    assert!(total <= 65_536, "{sizes:?}");
    assert!(total >= 50_000, "{sizes:?}");
    assert!(
        receipts
            .iter()
            .all(|receipt| receipt.fate() != Fate::Acknowledged)
    );

    need_server!();
    fire(&transition("pageshow", true));
    for receipt in receipts {
        soon("a receipt", receipt).await.unwrap();
    }
    assert_eq!(harness::errors_seen(), "");
}

#[wasm_bindgen_test]
async fn a_page_that_comes_back_resumes_on_a_new_socket_at_once() {
    harness::live();
    need_server!();
    let (sender, mut messages, _events) = echo_by(Transport::WebSocket).connect().unwrap().split();
    drop(sender.try_send("before").unwrap());
    take(&mut messages, 1).await;
    fire(&transition("pagehide", true));
    let made = harness::sockets_made();
    fire(&transition("pageshow", true));
    assert_eq!(
        harness::sockets_made(),
        made + 1,
        "the old socket was trusted"
    );
    drop(sender.try_send("after").unwrap());
    assert_eq!(texts(&take(&mut messages, 1).await), ["after"]);
    assert!(
        matches!(sender.verdict(), Some(Verdict::Resumed { .. })),
        "{:?}",
        sender.verdict()
    );
}

#[wasm_bindgen_test]
async fn the_first_show_of_a_page_changes_nothing() {
    harness::live();
    need_server!();
    let client = echo_by(Transport::WebSocket).connect().unwrap();
    until("it is open", || client.transport().is_some()).await;
    let made = harness::sockets_made();
    fire(&transition("pageshow", false));
    assert_eq!(harness::sockets_made(), made);
}

#[wasm_bindgen_test]
async fn a_half_open_connection_is_found_soon_after_a_wake_up() {
    harness::live();
    need_server!();
    for name in ["online", "resume"] {
        let builder: Builder = echo();
        let (sender, mut messages, _events) = builder.connect().unwrap().split();
        drop(sender.try_send("before").unwrap());
        take(&mut messages, 1).await;
        fault("half-open", "").await;
        let start = now();
        let event = Event::new(name).unwrap();
        match name {
            "resume" => {
                let document = js_sys::Reflect::get(&js_sys::global(), &"document".into()).unwrap();
                web_sys::EventTarget::from(document)
                    .dispatch_event(&event)
                    .unwrap();
            }
            _ => fire(&event),
        }
        let receipt = sender.try_send("after").unwrap();
        until("it is found", || sender.stats().reconnects == 1).await;
        let millis = now() - start;
        console_log!("half-open found {millis:.0} ms after `{name}`");
        // Without the event it takes more than ten.
        assert!(millis < 6_000.0, "{name}: {millis} ms");
        assert_eq!(texts(&take(&mut messages, 1).await), ["after"]);
        soon("the receipt", receipt).await.unwrap();
    }
}
