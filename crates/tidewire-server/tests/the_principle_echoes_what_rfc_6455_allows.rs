//! The teaching server echoes every message that RFC 6455 allows, however its bytes are cut.

mod support;

use futures_util::{SinkExt, StreamExt};
use support::principle::{Principle, ended, next_frame, upgraded, write};
use support::raw::{self, frame};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};

#[tokio::test]
async fn messages_of_every_length_come_back_as_they_were() {
    let principle = Principle::start();
    let mut client = principle.client("/any/path?and=query").await;
    for length in [0, 1, 125, 126, 127, 4_096, 65_535, 65_536] {
        let bytes: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
        let text = "\u{e9}".repeat(length / 2);
        for message in [Message::Binary(bytes.into()), Message::Text(text.into())] {
            client.send(message.clone()).await.expect("sent");
            let echo = client.next().await.expect("an echo").expect("a message");
            assert!(echo == message, "{length} bytes came back different");
        }
    }
}

#[tokio::test]
async fn a_ping_is_answered_with_its_payload() {
    let principle = Principle::start();
    let mut client = principle.client("/").await;
    for payload in [&b""[..], b"x", &[0xff; 125]] {
        let payload = Bytes::copy_from_slice(payload);
        client
            .send(Message::Ping(payload.clone()))
            .await
            .expect("sent");
        let pong = client.next().await.expect("a pong").expect("a frame");
        assert_eq!(pong, Message::Pong(payload));
    }
    // A pong that nobody asked for is not answered.
    client
        .send(Message::Pong(Bytes::new()))
        .await
        .expect("sent");
    client.send("after".into()).await.expect("sent");
    assert_eq!(
        client.next().await.expect("an echo").expect("a frame"),
        "after".into()
    );
}

#[tokio::test]
async fn a_close_is_answered_with_its_code() {
    let principle = Principle::start();
    for code in [1000, 1001, 1003, 1007, 1011, 1012, 1014, 3000, 4999] {
        let mut client = principle.client("/").await;
        let close = CloseFrame {
            code: CloseCode::from(code),
            reason: "done".into(),
        };
        client.close(Some(close)).await.expect("sent");
        let answer = client.next().await.expect("an answer").expect("a frame");
        let Message::Close(Some(answer)) = answer else {
            panic!("{answer:?} for {code}");
        };
        assert_eq!(u16::from(answer.code), code);
        assert!(client.next().await.is_none(), "the connection ends");
    }
    let mut stream = principle.open("/").await;
    write(&mut stream, &frame(0x88, b"")).await;
    assert_eq!(
        next_frame(&mut stream).await.expect("a frame"),
        (0x88, vec![])
    );
    ended(&mut stream).await;
}

#[tokio::test]
async fn fragments_come_back_whole_and_control_frames_may_come_between() {
    let principle = Principle::start();
    let mut stream = principle.open("/").await;
    let euro = "\u{20ac}".as_bytes();
    for (first, payload) in [
        (0x01, &euro[..1]),
        (0x89, b"in between"),
        (0x00, b""),
        (0x8a, b"unasked"),
        (0x00, &euro[1..2]),
        (0x80, &euro[2..]),
    ] {
        write(&mut stream, &frame(first, payload)).await;
    }
    let pong = next_frame(&mut stream).await.expect("a frame");
    assert_eq!(pong, (0x8a, b"in between".to_vec()));
    let echo = next_frame(&mut stream).await.expect("a frame");
    assert_eq!(echo, (0x81, euro.to_vec()));

    // As many fragments as are allowed, and as many bytes.
    for number in 0..1_024 {
        let first = match number {
            0 => 0x02,
            1_023 => 0x80,
            _ => 0x00,
        };
        write(&mut stream, &frame(first, &[7; 64])).await;
    }
    let echo = next_frame(&mut stream).await.expect("a frame");
    assert_eq!(echo, (0x82, vec![7; 65_536]));
}

/// An opening and the frames of a short conversation.
fn conversation() -> Vec<u8> {
    [
        raw::handshake("/", ""),
        frame(0x81, b"Hello"),
        frame(0x02, &[1; 130]),
        frame(0x89, b"?"),
        frame(0x80, &[2; 3]),
        frame(0x88, &1000_u16.to_be_bytes()),
    ]
    .concat()
}

async fn is_answered(mut stream: tokio::net::TcpStream) {
    upgraded(&mut stream).await;
    for expected in [
        (0x81, b"Hello".to_vec()),
        (0x8a, b"?".to_vec()),
        (0x82, [&[1; 130][..], &[2; 3]].concat()),
        (0x88, 1000_u16.to_be_bytes().to_vec()),
    ] {
        assert_eq!(next_frame(&mut stream).await.expect("a frame"), expected);
    }
    ended(&mut stream).await;
}

#[tokio::test]
async fn frames_may_come_with_the_opening() {
    let principle = Principle::start();
    let mut stream = principle.connect().await;
    write(&mut stream, &conversation()).await;
    is_answered(stream).await;
}

#[tokio::test]
async fn bytes_may_come_one_by_one() {
    let principle = Principle::start();
    let mut stream = principle.connect().await;
    for byte in conversation() {
        write(&mut stream, &[byte]).await;
        tokio::task::yield_now().await;
    }
    is_answered(stream).await;
}

#[tokio::test]
async fn bytes_may_be_cut_anywhere() {
    let principle = Principle::start();
    let bytes = conversation();
    for cut in 1..bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        let mut stream = principle.connect().await;
        write(&mut stream, head).await;
        // Past the opening, its answer tells that the head has been taken.
        if cut >= raw::handshake("/", "").len() {
            stream.readable().await.expect("an answer");
        }
        write(&mut stream, tail).await;
        is_answered(stream).await;
    }
}
