//! Long polls occupy connections that the page needs, so at most two clients of an origin hold one; the
//! others poll on a schedule until a place is free.

use std::time::Duration;

use tidewire::{Client, Transport};
use wasm_bindgen_test::*;

use crate::support::{echo, soon, until};

fn http_only() -> Client {
    echo()
        .transports([Transport::LongPolling, Transport::Polling])
        .configure(|config| config.hold = Duration::from_secs(1))
        .connect()
        .unwrap()
}

async fn is_echoed(client: &mut Client) {
    let receipt = client.try_send("ahoy").unwrap();
    assert_eq!(
        soon("the echo", client.next()).await.unwrap().as_text(),
        Some("ahoy")
    );
    soon("the receipt", receipt).await.unwrap();
}

#[wasm_bindgen_test]
async fn the_third_polls_until_a_place_is_free() {
    need_server!();
    let mut first = http_only();
    let mut second = http_only();
    for client in [&mut first, &mut second] {
        is_echoed(client).await;
        until("it holds", || {
            client.transport() == Some(Transport::LongPolling)
        })
        .await;
    }
    let mut third = http_only();
    is_echoed(&mut third).await;
    until("it polls", || third.transport() == Some(Transport::Polling)).await;
    is_echoed(&mut third).await;
    assert_eq!(first.transport(), Some(Transport::LongPolling));
    assert_eq!(second.transport(), Some(Transport::LongPolling));

    // The free place is offered in the queue of one lock; whichever it is, one of the two frees it.
    drop(first);
    drop(second);
    until("it holds", || {
        third.transport() == Some(Transport::LongPolling)
    })
    .await;
    is_echoed(&mut third).await;
}
