//! It connects wherever HTTP works, without the user waiting for a time-out, and moves up again.

use std::time::Duration;

use tidewire::{Builder, Event, Transport};
use wasm_bindgen_test::*;

use crate::support::{echo, fault, now, post, soon, take, texts, until, within};

/// The time from `connect` to the first echo, in milliseconds, and the transport that carried it.
async fn first_echo(builder: Builder) -> (f64, Option<Transport>) {
    let start = now();
    let (sender, mut messages, _events) = builder.connect().unwrap().split();
    drop(sender.try_send("ahoy").unwrap());
    assert_eq!(texts(&take(&mut messages, 1).await), ["ahoy"]);
    (now() - start, sender.transport())
}

/// Of a few attempts, since the machine may have much else to do; each is by HTTP.
async fn fastest_first_echo_takes_at_most(most: f64) {
    const ATTEMPTS: usize = 5;
    let mut took = Vec::new();
    while took.len() < ATTEMPTS && !took.iter().any(|&millis| millis <= most) {
        let (millis, transport) = first_echo(echo()).await;
        assert_eq!(transport, Some(Transport::LongPolling));
        took.push(millis);
    }
    console_log!("first echo after {took:.0?} ms");
    assert!(took.iter().any(|&millis| millis <= most), "{took:.0?} ms");
}

#[wasm_bindgen_test]
async fn a_refused_handshake_costs_a_tenth_of_a_second() {
    need_server!();
    fault("refuse-upgrades", "").await;
    fastest_first_echo_takes_at_most(100.0).await;
    need_server!();
}

#[wasm_bindgen_test]
async fn a_black_holed_handshake_costs_half_a_second() {
    need_server!();
    fault("black-hole-upgrades", "").await;
    fastest_first_echo_takes_at_most(500.0).await;
    need_server!();
}

#[wasm_bindgen_test]
async fn an_open_onto_nothing_is_no_connection() {
    need_server!();
    fault("silent-upgrades", "").await;
    fastest_first_echo_takes_at_most(500.0).await;
    need_server!();
}

#[wasm_bindgen_test]
async fn it_moves_up_without_losing_repeating_or_reordering() {
    need_server!();
    fault("refuse-upgrades", "").await;
    let soon_again = |config: &mut tidewire::ClientConfig| {
        config.promotion_base = Duration::from_millis(200);
    };
    let (sender, mut messages, mut events) =
        echo().configure(soon_again).connect().unwrap().split();
    let (speaker, mut number) = (sender.clone(), 0_u32);
    let mut send = move || {
        drop(speaker.try_send(number.to_string()).unwrap());
        number += 1;
    };
    send();
    take(&mut messages, 1).await;
    assert_eq!(sender.transport(), Some(Transport::LongPolling));

    assert!(post("/faults/clear", "").await.is_some());
    let mut expected = 1_u32;
    let moved = within(Duration::from_secs(10), "the promotion", async {
        loop {
            send();
            let message = messages.next().await.unwrap();
            assert_eq!(message.as_text(), Some(&*expected.to_string()));
            expected += 1;
            if sender.transport() == Some(Transport::WebSocket) {
                break;
            }
            crate::support::pass(Duration::from_millis(5)).await;
        }
        for _ in 0..20 {
            send();
        }
        for _ in 0..20 {
            let message = messages.next().await.unwrap();
            assert_eq!(message.as_text(), Some(&*expected.to_string()));
            expected += 1;
        }
    });
    moved.await;
    loop {
        match soon("the event", events.next()).await.unwrap() {
            Event::TransportChanged { from, to } => {
                assert_eq!((from, to), (Transport::LongPolling, Transport::WebSocket));
                break;
            }
            Event::Lost { .. } => panic!("the session was lost"),
            _ => {}
        }
    }
}

#[wasm_bindgen_test]
async fn a_cut_is_survived_at_once() {
    need_server!();
    let (sender, mut messages, _events) = echo().connect().unwrap().split();
    drop(sender.try_send("before").unwrap());
    take(&mut messages, 1).await;
    for round in 0..5 {
        let by_socket = sender.transport() == Some(Transport::WebSocket);
        let before = sender.stats().reconnects;
        fault("cut", "").await;
        // A socket that is cut again and again is left, at once where the browser delays its next handshake; a poll that is
        // cut is only asked again.
        until("the cut is noticed", || {
            !by_socket || sender.stats().reconnects > before
        })
        .await;
        let receipt = sender.try_send(format!("after {round}")).unwrap();
        let came = take(&mut messages, 1).await;
        assert_eq!(texts(&came), [format!("after {round}")]);
        soon("the receipt", receipt).await.unwrap();
    }
}

#[wasm_bindgen_test]
async fn a_forgotten_session_is_reported_with_what_is_unconfirmed() {
    need_server!();
    let (sender, mut messages, mut events) = echo().connect().unwrap().split();
    drop(sender.try_send("known").unwrap());
    take(&mut messages, 1).await;
    fault("forget", "").await;
    let loss = async {
        loop {
            match events.next().await.expect("the client goes on") {
                Event::Lost { unconfirmed, .. } => break unconfirmed,
                Event::Closed { cause, .. } => panic!("closed: {cause:?}"),
                _ => {}
            }
        }
    };
    let unconfirmed = soon("the loss", loss).await;
    assert!(
        unconfirmed
            .iter()
            .all(|message| message.payload.as_text() != Some("known"))
    );
    let receipt = sender.try_send("afresh").unwrap();
    assert_eq!(texts(&take(&mut messages, 1).await), ["afresh"]);
    soon("the receipt", receipt).await.unwrap();
}
