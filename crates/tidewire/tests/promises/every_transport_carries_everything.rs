//! Over each transport alone, every kind of message arrives once and in order, as what it was.

use std::time::Duration;

use tidewire::{Event, Message, State, Transport, Verdict};
use wasm_bindgen_test::*;

use crate::support::{echo_by, soon, take, within};

async fn carries_everything(transport: Transport) {
    let (sender, mut messages, mut events) = echo_by(transport).connect().unwrap().split();
    let sent = [
        Message::from("first"),
        Message::from(""),
        Message::from(&[][..]),
        Message::from(&[0, 159, 146, 150][..]),
        Message::from("Grüße, 世界 🌊"),
        Message::from(vec![7; 300_000]),
        Message::from("last"),
    ];
    let mut receipts = Vec::new();
    for message in sent.clone() {
        receipts.push(sender.try_send(message).unwrap());
    }
    assert_eq!(take(&mut messages, sent.len()).await, sent);
    for receipt in receipts {
        within(Duration::from_secs(5), "a receipt", receipt)
            .await
            .unwrap();
    }
    assert_eq!(sender.state(), State::Open(transport));
    assert_eq!(sender.verdict(), Some(Verdict::Fresh));
    let stats = sender.stats();
    assert_eq!(stats.messages_sent, 7);
    assert_eq!(stats.messages_received, 7);
    assert_eq!(stats.messages_acknowledged, 7);
    assert_eq!(stats.of(transport).connections, 1);
    assert!(stats.of(transport).bytes_sent > 300_000);
    assert!(stats.of(transport).bytes_received > 300_000);
    loop {
        if let Event::Connected {
            transport: by,
            verdict,
        } = soon("the event", events.next()).await.unwrap()
        {
            assert_eq!((by, verdict), (transport, Verdict::Fresh));
            break;
        }
    }
}

#[wasm_bindgen_test]
async fn websocket_does() {
    need_server!();
    carries_everything(Transport::WebSocket).await;
}

#[wasm_bindgen_test]
async fn long_polling_does() {
    need_server!();
    carries_everything(Transport::LongPolling).await;
}

#[wasm_bindgen_test]
async fn polling_does() {
    need_server!();
    carries_everything(Transport::Polling).await;
}
