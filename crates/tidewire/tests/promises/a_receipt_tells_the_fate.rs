//! `send` is truthful: each accepted message ends acknowledged, dropped or unconfirmed, and says so.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tidewire::{
    Event, Fate, Limits, MessageId, OverflowPolicy, ReceiptError, SendError, Transport,
};
use wasm_bindgen_test::*;

use crate::support::{echo, echo_by, soon, take, texts, turn, until};

/// A client whose server is not there.
fn nowhere() -> tidewire::Builder {
    tidewire::Client::builder("http://127.0.0.1:9/live").remember_transport(false)
}

#[wasm_bindgen_test]
async fn acknowledged_means_that_the_peer_has_it() {
    need_server!();
    let (sender, mut messages, _events) = echo().connect().unwrap().split();
    let first = sender.send("one").await.unwrap();
    let second = sender.send("two").await.unwrap();
    assert!(first.id() < second.id());
    assert_eq!(first.fate(), Fate::Queued);
    soon("the first receipt", first).await.unwrap();
    until("the second", || second.fate() == Fate::Acknowledged).await;
    assert_eq!(texts(&take(&mut messages, 2).await), ["one", "two"]);
}

#[wasm_bindgen_test]
async fn what_is_not_read_is_not_acknowledged() {
    need_server!();
    // The smallest window: 256 messages. An echo of 400 cannot all be received before it is read.
    let limits = Limits::default().window(64 * 1024, 256);
    let (sender, mut messages, _events) = echo_by(Transport::WebSocket)
        .limits(limits)
        .connect()
        .unwrap()
        .split();
    for number in 0..400_u32 {
        drop(sender.try_send(number.to_string()).unwrap());
    }
    until("the window is full", || {
        sender.stats().messages_received == 256
    })
    .await;
    crate::support::pass(Duration::from_millis(200)).await;
    assert_eq!(sender.stats().messages_received, 256);
    let came = take(&mut messages, 400).await;
    assert_eq!(came.last().unwrap().as_text(), Some("399"));
}

#[wasm_bindgen_test]
async fn a_full_outbox_hands_the_message_back() {
    let limits = Limits::default().outbox(1024 * 1024, 2);
    let client = nowhere()
        .limits(limits)
        .overflow(OverflowPolicy::Refuse)
        .connect()
        .unwrap();
    let _first = client.try_send("1").unwrap();
    let _second = client.try_send("2").unwrap();
    let refused = client.try_send("3").unwrap_err();
    assert!(refused.is_retryable());
    assert_eq!(refused.into_message().as_text(), Some("3"));
    let refused = client.send("4").await.unwrap_err();
    assert_eq!(refused, SendError::Full("4".into()));
}

#[wasm_bindgen_test]
async fn the_newest_or_the_oldest_is_dropped_and_named() {
    let limits = Limits::default().outbox(1024 * 1024, 2);
    for (policy, dropped) in [
        (OverflowPolicy::DropNewest, 2),
        (OverflowPolicy::DropOldest, 0),
    ] {
        let client = nowhere().limits(limits).overflow(policy).connect().unwrap();
        let (sender, _messages, mut events) = client.split();
        let mut receipts: Vec<_> = ["0", "1", "2"]
            .map(|text| sender.try_send(text).unwrap())
            .into();
        let receipt = receipts.remove(dropped);
        let id = receipt.id();
        assert_eq!(
            soon("the receipt", receipt).await,
            Err(ReceiptError::Dropped(id))
        );
        assert!(
            receipts
                .iter()
                .all(|receipt| receipt.fate() == Fate::Queued)
        );
        loop {
            if let Event::Dropped { id: told, message } =
                soon("the event", events.next()).await.unwrap()
            {
                assert_eq!((told, message.as_text()), (id, Some(&*dropped.to_string())));
                break;
            }
        }
    }
}

#[wasm_bindgen_test]
async fn a_message_longer_than_the_limit_is_refused_with_the_limit() {
    let client = nowhere()
        .limits(Limits::default().max_message(10))
        .connect()
        .unwrap();
    assert!(client.try_send(vec![0; 10]).is_ok());
    let refused = client.try_send(vec![0; 11]).unwrap_err();
    assert_eq!(
        refused,
        SendError::TooLarge {
            message: vec![0; 11].into(),
            limit: 10
        }
    );
    assert!(!refused.is_retryable());
}

#[wasm_bindgen_test]
async fn waiting_senders_go_first_come_first_served() {
    need_server!();
    let limits = Limits::default().outbox(1024 * 1024, 2);
    let (sender, mut messages, _events) = echo().limits(limits).connect().unwrap().split();
    for number in 0..50_u32 {
        let sender = sender.clone();
        wasm_bindgen_futures::spawn_local(async move {
            drop(sender.send(number.to_string()).await.unwrap());
        });
    }
    let came = take(&mut messages, 50).await;
    let expected: Vec<_> = (0..50).map(|number| number.to_string()).collect();
    assert_eq!(texts(&came), expected);
}

#[wasm_bindgen_test]
async fn a_waiting_send_that_is_dropped_takes_its_message_back() {
    let limits = Limits::default().outbox(1024 * 1024, 1);
    let client = nowhere().limits(limits).connect().unwrap();
    let _first = client.try_send("1").unwrap();
    {
        let waiting = pin!(client.send("2"));
        let waited = poll_once(waiting);
        assert!(waited.is_none());
    }
    turn().await;
    assert_eq!(client.stats().messages_sent, 1);
}

/// Polls a future once.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[wasm_bindgen_test]
async fn a_dropped_client_leaves_its_receipts_unconfirmed() {
    let client = nowhere().connect().unwrap();
    let receipt = client.try_send("ahoy").unwrap();
    let id = receipt.id();
    drop(client);
    match soon("the receipt", receipt).await {
        Err(ReceiptError::Unconfirmed { id: told, .. }) => assert_eq!(told, id),
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
fn an_error_says_whether_the_message_may_have_arrived() {
    let text = |transmitted| {
        let id = MessageId(3);
        ReceiptError::Unconfirmed { id, transmitted }.to_string()
    };
    assert_eq!(
        text(true),
        "message 3 was not acknowledged: whether it arrived is unknown"
    );
    assert_eq!(text(false), "message 3 was never sent");
}
