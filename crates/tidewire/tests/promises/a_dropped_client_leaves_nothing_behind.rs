//! Drop at any moment: no socket, no request, no timer, no listener and no lock stays, and nothing is
//! called afterwards.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tidewire::{Builder, Client, State, Transport};
use wasm_bindgen_test::*;

use crate::harness::{self, live};
use crate::support::{echo, echo_by, fault, soon, take, turn, until};

/// What happens between the birth of a client and its death must leave the page as it was.
async fn leaves_nothing(what: &str, builder: Builder, reached: impl Fn(&Client) -> bool) {
    turn().await;
    let before = live();
    let client = builder.connect().unwrap();
    until(what, || reached(&client)).await;
    drop(client);
    assert_eq!(live(), before, "dropped when {what}");
    turn().await;
    assert_eq!(live(), before, "a turn after it was dropped when {what}");
    assert_eq!(harness::errors_seen(), "", "dropped when {what}");
}

#[wasm_bindgen_test]
async fn before_anything_happened() {
    live();
    leaves_nothing("it is made", echo(), |_| true).await;
}

#[wasm_bindgen_test]
async fn while_the_handshake_is_on_its_way() {
    live();
    need_server!();
    fault("black-hole-upgrades", "").await;
    let made = harness::sockets_made();
    leaves_nothing(
        "the handshake is out",
        echo_by(Transport::WebSocket),
        |_| harness::sockets_made() > made && live().sockets > 0,
    )
    .await;
    need_server!();
}

#[wasm_bindgen_test]
async fn while_the_race_is_on() {
    live();
    need_server!();
    fault("black-hole-upgrades", "").await;
    fault("delay", r#"{"millis":2000}"#).await;
    leaves_nothing("both are tried", echo(), |_| {
        live().sockets > 0 && live().requests > 0
    })
    .await;
    need_server!();
}

#[wasm_bindgen_test]
async fn while_a_socket_is_open() {
    live();
    need_server!();
    leaves_nothing("it is open", echo_by(Transport::WebSocket), |client| {
        client.transport().is_some()
    })
    .await;
}

#[wasm_bindgen_test]
async fn while_a_poll_is_held() {
    live();
    need_server!();
    let calm = Cell::new(0);
    leaves_nothing(
        "a poll is held",
        echo_by(Transport::LongPolling),
        |client| {
            let is_held = client.transport().is_some() && live().requests == 1;
            calm.set(if is_held { calm.get() + 1 } else { 0 });
            calm.get() > 20
        },
    )
    .await;
    until("the locks are free", || !harness::holds_locks()).await;
}

#[wasm_bindgen_test]
async fn between_two_polls() {
    live();
    need_server!();
    leaves_nothing(
        "it waits for the next poll",
        echo_by(Transport::Polling),
        |client| client.transport().is_some() && live().requests == 0,
    )
    .await;
}

#[wasm_bindgen_test]
async fn while_it_waits_to_try_again() {
    live();
    let nowhere = Client::builder("http://127.0.0.1:9/live").remember_transport(false);
    leaves_nothing("it waits", nowhere, |client| {
        matches!(client.state(), State::Waiting { .. })
    })
    .await;
}

#[wasm_bindgen_test]
async fn while_the_provider_thinks() {
    live();
    let is_dropped = Rc::new(Cell::new(false));
    let asked = Rc::new(Cell::new(false));
    let builder = {
        let (is_dropped, asked) = (Rc::clone(&is_dropped), Rc::clone(&asked));
        echo().provider(move |_| {
            let guard = OnDrop(Rc::clone(&is_dropped));
            asked.set(true);
            async move {
                std::future::pending::<()>().await;
                drop(guard);
                unreachable!("nobody answers")
            }
        })
    };
    leaves_nothing("the provider is asked", builder, move |_| asked.get()).await;
    assert!(is_dropped.get(), "the provider's future lives on");
}

struct OnDrop(Rc<Cell<bool>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[wasm_bindgen_test]
async fn inside_its_own_callback() {
    live();
    need_server!();
    turn().await;
    let before = live();
    let (sender, messages, events) = echo().connect().unwrap().split();
    drop(events);
    let parts = Rc::new(RefCell::new(None));
    let came = Rc::new(Cell::new(0));
    let delivery = {
        let (parts, came) = (Rc::clone(&parts), Rc::clone(&came));
        messages.deliver_to(move |_| {
            came.set(came.get() + 1);
            drop(parts.take());
        })
    };
    for text in ["one", "two", "three"] {
        drop(sender.try_send(text).unwrap());
    }
    parts.replace(Some((sender, delivery)));
    until("the first echo", || came.get() > 0).await;
    turn().await;
    assert_eq!(live(), before);
    assert_eq!(came.get(), 1, "it was called after it was dropped");
    assert_eq!(harness::errors_seen(), "");
}

#[wasm_bindgen_test]
async fn after_it_was_closed() {
    live();
    need_server!();
    turn().await;
    let before = live();
    let client = echo().connect().unwrap();
    until("it is open", || client.transport().is_some()).await;
    soon("the end", client.close(tidewire::CloseCode::NORMAL, ""))
        .await
        .unwrap();
    let listeners = live().listeners - before.listeners;
    assert_eq!(
        live(),
        harness::Live {
            listeners: before.listeners + listeners,
            ..before
        }
    );
    drop(client);
    assert_eq!(live(), before);
}

#[wasm_bindgen_test]
async fn many_clients_do_not_grow_the_memory() {
    live();
    need_server!();
    async fn connect_and_drop(times: usize) {
        for _ in 0..times {
            let (sender, mut messages, _events) =
                echo_by(Transport::WebSocket).connect().unwrap().split();
            drop(sender.try_send("ahoy").unwrap());
            take(&mut messages, 1).await;
        }
    }
    // The first clients find places for what stays. Memory comes in steps, and a moment with more sockets than usual on
    // their way out may take one; 220 bytes left behind by each client would take two.
    const STEP: u32 = 64 * 1024;
    connect_and_drop(300).await;
    let before = harness::memory_bytes();
    connect_and_drop(600).await;
    let grown = harness::memory_bytes() - before;
    assert!(grown <= STEP, "{grown} bytes");
}
