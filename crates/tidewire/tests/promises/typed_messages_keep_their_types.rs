//! Values travel by a codec; what the peer sends and no codec understands is handed over as it came.

#![cfg(all(feature = "json", feature = "postcard"))]

use serde::{Deserialize, Serialize};
use tidewire::{Json, Message, Postcard, SendError};
use wasm_bindgen_test::*;

use crate::support::{echo, soon};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Move {
    from: (u8, u8),
    to: (u8, u8),
    comment: Option<String>,
}

fn a_move() -> Move {
    Move {
        from: (1, 2),
        to: (3, 4),
        comment: Some("good".into()),
    }
}

#[wasm_bindgen_test]
async fn json_and_postcard_carry_values() {
    need_server!();
    let mut json = echo().connect().unwrap().typed::<Move, Move, Json>();
    let mut postcard = echo().connect().unwrap().typed::<Move, Move, Postcard>();
    soon("the receipt", json.send(a_move()).await.unwrap())
        .await
        .unwrap();
    soon("the receipt", postcard.send(a_move()).await.unwrap())
        .await
        .unwrap();
    assert_eq!(soon("the echo", json.next()).await, Some(Ok(a_move())));
    assert_eq!(soon("the echo", postcard.next()).await, Some(Ok(a_move())));
}

#[wasm_bindgen_test]
async fn what_cannot_be_decoded_is_handed_over_and_the_stream_goes_on() {
    need_server!();
    let mut typed = echo().connect().unwrap().typed::<String, u32, Json>();
    drop(typed.try_send("no number".into()).unwrap());
    drop(typed.sender().try_send("7").unwrap());
    let error = soon("the echo", typed.next()).await.unwrap().unwrap_err();
    assert_eq!(error.message, Message::from("\"no number\""));
    assert!(error.to_string().contains("11 bytes"), "{error}");
    assert_eq!(soon("the echo", typed.next()).await, Some(Ok(7)));
}

#[wasm_bindgen_test]
async fn what_cannot_be_encoded_is_handed_back() {
    // JSON has no keys that are lists.
    type Odd = std::collections::BTreeMap<Vec<u8>, u8>;
    let odd: Odd = [(vec![1], 1)].into();
    let typed = tidewire::Client::builder("/live")
        .connect()
        .unwrap()
        .typed::<Odd, Odd, Json>();
    match typed.try_send(odd.clone()) {
        Err(SendError::Encode(back, error)) => {
            assert_eq!(back, odd);
            assert!(!error.to_string().is_empty());
        }
        other => panic!("{other:?}"),
    }
}
