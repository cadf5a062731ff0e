//! Closing: what was sent goes first, the reason arrives, and the client is closed for good.

use tidewire::{
    Cause, Client, CloseCode, Event, InvalidCloseCode, Reaction, ReceiptError, SendError, State,
};
use wasm_bindgen_test::*;

use crate::support::{echo, soon, until};

#[wasm_bindgen_test]
async fn what_was_sent_goes_first() {
    need_server!();
    let (sender, mut messages, mut events) = echo().connect().unwrap().split();
    let receipt = sender.try_send("the last word").unwrap();
    let closing = sender.close(CloseCode::NORMAL, "done");
    let refused = sender.try_send("too late").unwrap_err();
    assert_eq!(refused, SendError::Closed("too late".into()));
    let unconfirmed = soon("the end", closing).await.unwrap();
    // A close waits until the server has received everything; the server's application may still be at it.
    assert!(unconfirmed.iter().all(|message| message.transmitted));
    let is_acknowledged = soon("the receipt", receipt).await.is_ok();
    assert_eq!(is_acknowledged, unconfirmed.is_empty());
    assert_eq!(sender.state(), State::Closed);
    while let Some(message) = soon("the end of the stream", messages.next()).await {
        assert_eq!(message.as_text(), Some("the last word"));
    }
    let mut last = None;
    while let Some(event) = soon("the last event", events.next()).await {
        last = Some(event);
    }
    assert_eq!(
        last,
        Some(Event::Closed {
            cause: Cause::ByApplication,
            unconfirmed
        })
    );
}

#[wasm_bindgen_test]
async fn what_cannot_be_sent_any_more_is_handed_back() {
    // Without an endpoint nothing is ever handed to the browser.
    let client = Client::builder("/live")
        .remember_transport(false)
        .provider(|_attempt| std::future::pending())
        .configure(|config| config.close_timeout = std::time::Duration::from_millis(50))
        .connect()
        .unwrap();
    let receipt = client.try_send("nobody hears this").unwrap();
    let unconfirmed = soon("the end", client.close(CloseCode::NORMAL, ""))
        .await
        .unwrap();
    assert_eq!(unconfirmed.len(), 1);
    assert_eq!(unconfirmed[0].payload.as_text(), Some("nobody hears this"));
    assert!(!unconfirmed[0].transmitted);
    let id = receipt.id();
    assert_eq!(
        soon("the receipt", receipt).await,
        Err(ReceiptError::Unconfirmed {
            id,
            transmitted: false
        })
    );
}

#[wasm_bindgen_test]
async fn a_code_that_browsers_refuse_closes_nothing() {
    need_server!();
    let client = echo().connect().unwrap();
    for code in [
        CloseCode(0),
        CloseCode(999),
        CloseCode::GOING_AWAY,
        CloseCode(5_000),
    ] {
        assert_eq!(client.close(code, "").await, Err(InvalidCloseCode(code)));
    }
    until("it is open", || client.transport().is_some()).await;
}

#[wasm_bindgen_test]
async fn codes_say_what_a_client_does() {
    assert_eq!(CloseCode::NORMAL.reaction(), Reaction::GiveUp);
    assert_eq!(
        CloseCode::UNAUTHENTICATED.reaction(),
        Reaction::Reauthenticate
    );
    assert_eq!(CloseCode::EXPIRED.reaction(), Reaction::NewSession);
    assert_eq!(CloseCode::SUPERSEDED.reaction(), Reaction::Superseded);
    assert_eq!(CloseCode::DRAINING.reaction(), Reaction::Retry);
}
