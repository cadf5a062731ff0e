//! A gateway that stops takes no new clients, lets those that are there finish, and then tells each side that it goes.

mod support;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use support::backend::{Backend, RawBackend};
use support::client::{TestClient, only, quick};
use support::{Front, in_time, plain, raw, refused};
use tidewire_proto::Transport;
use tidewire_proto::wire::{HelloMode, Position, Writer};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::{Error, Message};

async fn health(front: &Front) -> u16 {
    let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    raw::exchange(front.admin, request)
        .await
        .expect("an answer")
        .status
}

#[tokio::test]
async fn those_that_are_there_go_on_and_new_ones_are_refused() {
    let mut backend = Backend::start(&["one"]).await;
    let front = Front::before(backend.address).await;
    let mut client = TestClient::connect(front.address, quick());
    let mut visit = backend.visit().await;
    client.connected().await;
    assert_eq!(health(&front).await, 200);
    front.gateway.drain(Duration::from_millis(50));
    assert_eq!(health(&front).await, 503);

    let mut late = TestClient::connect(front.address, only(Transport::WebSocket));
    let close = refused(&mut late).await;
    assert_eq!((close.code.0, close.name()), (4503, "draining"));
    match plain(front.address, "/live", "one").await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("{:?}", other.map(|(_, chosen)| chosen)),
    }
    let mut socket = raw::RawSocket::open(front.address, "/live").await;
    socket.frame(0x81, b"hello").await;
    assert!(matches!(
        socket.hear().await,
        raw::Heard::Close { code: 4503, .. }
    ));

    // Also across a cut.
    client.cut();
    client.send("still here").await;
    assert_eq!(visit.text().await, "still here");
    let idle = tokio::spawn({
        let gateway = front.gateway.clone();
        async move { gateway.idle().await }
    });
    assert!(!idle.is_finished());
    client.close().await;
    assert_eq!(visit.closed().await, Some((1000, "done".to_owned())));
    drop(visit);
    in_time(idle).await.expect("no panic");
}

#[tokio::test]
async fn those_that_stay_are_told() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    let mut client = TestClient::connect(front.address, only(Transport::WebSocket));
    let mut of_session = backend.visit().await;
    client.connected().await;
    let (mut socket, _) = plain(front.address, "/live", "").await.expect("open");
    socket.send(Message::text("hello")).await.expect("open");
    let mut of_plain = backend.visit().await;
    assert_eq!(of_plain.text().await, "hello");

    let stopping = tokio::spawn({
        let gateway = front.gateway.clone();
        async move { gateway.shutdown().await }
    });
    let told = Some((1001, "stopping: the gateway stops".to_owned()));
    assert_eq!(of_session.closed().await, told);
    assert_eq!(of_plain.closed().await, told);
    match in_time(socket.next())
        .await
        .expect("open")
        .expect("a frame")
    {
        Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), 1001),
        other => panic!("{other:?}"),
    }
    let close = refused(&mut client).await;
    assert_eq!((close.code.0, close.name()), (4503, "draining"));
    drop((of_session, of_plain, socket));
    in_time(stopping).await.expect("no panic");
    assert_eq!(front.metric("bridges").await, Some(0));
}

#[tokio::test]
async fn one_whose_sides_both_wait_ends_too() {
    let backend = RawBackend::start().await;
    let front = Front::before(backend.address).await;
    // A browser that acknowledges nothing, so that its queue fills.
    let mut socket = raw::RawSocket::open(front.address, "/live").await;
    let hello = raw::hello(1, HelloMode::Socket);
    socket.binary(&raw::packet(&hello, |_| ())).await;
    let (mut stream, _) = backend.visit().await;
    let mut message = vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0];
    message.resize(10 + 65_536, 7);
    let full = async {
        loop {
            stream.write_all(&message).await.expect("open");
        }
    };
    let _ = tokio::time::timeout(Duration::from_millis(500), full).await;
    // The backend is gone, which only writing to it can tell.
    stream.set_zero_linger().expect("an option");
    drop(stream);
    for number in 0..3_u8 {
        let mut writer = Writer::default();
        if number == 0 {
            writer.seek(Position::default());
        }
        writer.message(false, &[number]);
        socket.binary(&writer.into_packet()).await;
    }
    front.until_metric("messages_to_backend_total", 1).await;
    in_time(front.gateway.shutdown()).await;
    assert_eq!(front.metric("bridges").await, Some(0));
}
