//! `Builder::observe`: each request, socket and packet is told when it happens, in order, and once; the sums are those
//! of `stats()`.

#![cfg(feature = "observe")]

mod seen;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tidewire::{Client, Message, RequestOutcome, Sender, Traffic, Transport};
use wasm_bindgen_test::*;

use crate::harness::{self, live};
use crate::support::{echo, echo_by, fault, fire, soon, take, turn, until};
use seen::Seen;

/// A conversation over one transport, and what was seen of it up to the end of the client.
async fn converses(transport: Transport) -> Vec<Traffic> {
    live();
    turn().await;
    let before = live();
    let seen = Seen::default();
    let (sender, mut messages, events) = echo_by(transport)
        .observe(seen.observer())
        .connect()
        .unwrap()
        .split();
    assert_eq!(seen.all(), [], "it connects at the end of the turn");
    let sent = [Message::from("ahoy"), Message::from(vec![7; 100_000])];
    let mut receipts = Vec::new();
    for message in sent.clone() {
        receipts.push(sender.try_send(message).unwrap());
    }
    assert_eq!(take(&mut messages, 2).await, sent);
    for receipt in receipts {
        soon("a receipt", receipt).await.unwrap();
    }
    if transport == Transport::LongPolling {
        until("the next poll is held", || {
            let last = seen.all().pop();
            matches!(last, Some(Traffic::RequestStarted { held: true, .. }))
        })
        .await;
    }
    seen.assert_agrees_with(&sender);
    assert!(seen.sums(transport).bytes_sent > 100_000);
    assert!(seen.sums(transport).bytes_received > 100_000);
    drop((sender, messages, events));
    assert_eq!(seen.alive(), [] as [u64; 0], "the end of each was told");
    assert_eq!(live(), before);
    let all = seen.all();
    turn().await;
    assert_eq!(seen.all(), all, "it is called after the end");
    all
}

#[wasm_bindgen_test]
async fn over_websocket() {
    need_server!();
    let all = converses(Transport::WebSocket).await;
    let Traffic::SocketOpening { id } = all[0] else {
        panic!("{all:?}");
    };
    assert_eq!(all[1], Traffic::SocketOpened { id });
    assert!(matches!(all[2], Traffic::PacketSent { id: on, .. } if on == id));
    assert!(
        all.iter()
            .any(|traffic| matches!(traffic, Traffic::PacketReceived { id: on, .. } if *on == id))
    );
    // The last word, then the end.
    assert!(matches!(
        all[all.len() - 2],
        Traffic::PacketSent { id: on, .. } if on == id
    ));
    assert_eq!(all[all.len() - 1], Traffic::SocketClosed { id });
}

#[wasm_bindgen_test]
async fn over_long_polling() {
    need_server!();
    let all = converses(Transport::LongPolling).await;
    assert!(matches!(
        all[0],
        Traffic::RequestStarted {
            transport: Transport::LongPolling,
            held: false,
            ..
        }
    ));
    assert!(matches!(
        all[1],
        Traffic::RequestEnded {
            outcome: RequestOutcome::Answered { status: 200, .. },
            ..
        }
    ));
    assert!(
        all.iter()
            .any(|traffic| matches!(traffic, Traffic::RequestStarted { held: true, .. }))
    );
    // The held poll goes with the client.
    assert!(matches!(
        all[all.len() - 1],
        Traffic::RequestEnded {
            outcome: RequestOutcome::Aborted,
            ..
        }
    ));
}

#[wasm_bindgen_test]
async fn over_polling() {
    need_server!();
    let all = converses(Transport::Polling).await;
    assert!(all.iter().all(|traffic| matches!(
        traffic,
        Traffic::RequestEnded { .. }
            | Traffic::RequestStarted {
                transport: Transport::Polling,
                held: false,
                ..
            }
    )));
}

#[wasm_bindgen_test]
async fn when_handshakes_are_refused() {
    need_server!();
    fault("refuse-upgrades", "").await;
    let seen = Seen::default();
    let (sender, mut messages, events) = echo().observe(seen.observer()).connect().unwrap().split();
    drop(sender.try_send("ahoy").unwrap());
    take(&mut messages, 1).await;
    let all = seen.all();
    let Traffic::SocketOpening { id } = all[0] else {
        panic!("{all:?}");
    };
    assert!(all.contains(&Traffic::SocketClosed { id }), "{all:?}");
    assert!(!all.contains(&Traffic::SocketOpened { id }), "{all:?}");
    seen.assert_agrees_with(&sender);
    drop((sender, messages, events));
    assert_eq!(seen.alive(), [] as [u64; 0]);
    need_server!();
}

#[wasm_bindgen_test]
async fn when_nobody_is_there() {
    let seen = Seen::default();
    let client = Client::builder("http://127.0.0.1:9/live")
        .remember_transport(false)
        .observe(seen.observer())
        .connect()
        .unwrap();
    let has_failed = |traffic: &Traffic| {
        let outcome = RequestOutcome::Failed;
        matches!(traffic, Traffic::RequestEnded { outcome: how, .. } if *how == outcome)
    };
    until("a request fails", || seen.all().iter().any(has_failed)).await;
    seen.assert_agrees_with(client.sender());
    drop(client);
    assert_eq!(seen.alive(), [] as [u64; 0]);
}

#[wasm_bindgen_test]
async fn before_the_message_that_it_brings() {
    need_server!();
    let order = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&order);
    let (sender, messages, _events) = echo_by(Transport::WebSocket)
        .observe(move |traffic| {
            if matches!(traffic, Traffic::PacketReceived { .. }) {
                seen.borrow_mut().push("packet");
            }
        })
        .connect()
        .unwrap()
        .split();
    let told = Rc::clone(&order);
    let _delivery = messages.deliver_to(move |_| told.borrow_mut().push("message"));
    drop(sender.try_send("ahoy").unwrap());
    until("the echo", || order.borrow().contains(&"message")).await;
    let order = order.borrow();
    let place = order.iter().position(|what| *what == "message").unwrap();
    assert_eq!(order[place - 1], "packet");
}

#[wasm_bindgen_test]
async fn from_within_it_everything_may_be_done() {
    need_server!();
    let speaker = Rc::new(RefCell::new(None::<Sender>));
    let spoke = Rc::new(Cell::new(0));
    let (sender, mut messages, _events) = {
        let (speaker, spoke) = (Rc::clone(&speaker), Rc::clone(&spoke));
        echo_by(Transport::WebSocket)
            .observe(move |traffic| {
                let Some(sender) = speaker.borrow().clone() else {
                    return;
                };
                // All that reads the client.
                let _ = (sender.state(), sender.stats(), sender.verdict());
                if matches!(traffic, Traffic::SocketOpened { .. }) {
                    drop(sender.try_send("from within").unwrap());
                    spoke.set(spoke.get() + 1);
                }
            })
            .connect()
            .unwrap()
            .split()
    };
    speaker.replace(Some(sender.clone()));
    assert_eq!(
        take(&mut messages, 1).await[0].as_text(),
        Some("from within")
    );
    assert_eq!(spoke.get(), 1);
    // Or the client would live as long as itself.
    speaker.take();
    assert_eq!(harness::errors_seen(), "");
}

/// The client is dropped by its own observer, at the first traffic that `when` names.
async fn is_dropped_from_within(transport: Transport, when: fn(&Traffic) -> bool) {
    live();
    turn().await;
    let before = live();
    let client = Rc::new(RefCell::new(None::<Client>));
    let seen = Seen::default();
    let dropped = Rc::new(Cell::new(false));
    let new = {
        let (client, dropped) = (Rc::clone(&client), Rc::clone(&dropped));
        let note = seen.observer();
        echo_by(transport)
            .observe(move |traffic| {
                note(traffic);
                if when(traffic) {
                    let client = client.take();
                    dropped.set(dropped.get() || client.is_some());
                    drop(client);
                }
            })
            .connect()
            .unwrap()
    };
    drop(new.try_send("ahoy").unwrap());
    client.replace(Some(new));
    until("it is dropped", || dropped.get()).await;
    turn().await;
    assert_eq!(live(), before);
    assert_eq!(seen.alive(), [] as [u64; 0]);
    assert_eq!(harness::errors_seen(), "");
}

#[wasm_bindgen_test]
async fn the_client_may_be_dropped_by_it() {
    need_server!();
    let by_socket: [fn(&Traffic) -> bool; 4] = [
        |traffic| matches!(traffic, Traffic::SocketOpening { .. }),
        |traffic| matches!(traffic, Traffic::SocketOpened { .. }),
        |traffic| matches!(traffic, Traffic::PacketSent { .. }),
        |traffic| matches!(traffic, Traffic::PacketReceived { .. }),
    ];
    for when in by_socket {
        is_dropped_from_within(Transport::WebSocket, when).await;
    }
    for transport in [Transport::LongPolling, Transport::Polling] {
        is_dropped_from_within(transport, |traffic| {
            matches!(traffic, Traffic::RequestStarted { .. })
        })
        .await;
        is_dropped_from_within(transport, |traffic| {
            matches!(traffic, Traffic::RequestEnded { .. })
        })
        .await;
    }
}

#[wasm_bindgen_test]
async fn the_last_request_of_a_page_is_told() {
    live();
    need_server!();
    let seen = Seen::default();
    let (sender, mut messages, _events) = echo_by(Transport::WebSocket)
        .observe(seen.observer())
        .connect()
        .unwrap()
        .split();
    drop(sender.try_send("first").unwrap());
    take(&mut messages, 1).await;
    let before = harness::keepalive_sizes().len();
    drop(sender.try_send("unsent when the page is left").unwrap());
    fire(&web_sys::PageTransitionEvent::new("pagehide").unwrap());
    let flushed: Vec<usize> = seen
        .all()
        .iter()
        .filter_map(|traffic| match traffic {
            Traffic::Flushed { bytes } => Some(*bytes),
            _ => None,
        })
        .collect();
    let sizes: Vec<usize> = harness::keepalive_sizes()[before..]
        .iter()
        .map(|size| *size as usize)
        .collect();
    assert_eq!(flushed.len(), 1);
    // A client of a test before may have something to say, too.
    assert!(sizes.contains(&flushed[0]), "{flushed:?} of {sizes:?}");
}
