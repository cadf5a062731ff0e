//! Code and reason of a close reach the other side as they are, also one that is away, behind all that was sent before.

mod support;

use std::time::Duration;

use support::backend::{Backend, RawBackend, Visit};
use support::client::{TestClient, only, quick};
use support::raw::{self, Heard, RawSocket};
use support::{Control, DROP_IN, Front, control, refused};
use tidewire_proto::wire::HelloMode;
use tidewire_proto::{Close, CloseCode, Transport};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// A session of a drop-in, after *opened*, and its backend's end.
async fn open(front: &Front, backend: &mut Backend) -> (TestClient, Visit<TcpStream>) {
    let mut client = TestClient::connect_as(front.address, quick(), DROP_IN);
    assert_eq!(
        control(&mut client).await,
        Ok(Control::Opened(String::new()))
    );
    (client, backend.visit().await)
}

fn closed(code: u16, reason: &str) -> Result<Control, tidewire_proto::Payload> {
    Ok(Control::Closed {
        is_clean: true,
        code,
        reason: reason.to_owned(),
    })
}

#[tokio::test]
async fn the_close_of_a_backend_reaches_a_drop_in_as_it_is() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    for code in (1000..=1003)
        .chain(1007..=1013)
        .chain([3000, 4000, 4001, 4404, 4999])
    {
        let (mut client, mut visit) = open(&front, &mut backend).await;
        visit.send("last words").await;
        visit.close(code, "as it is").await;
        assert_eq!(client.text().await, "last words");
        assert_eq!(control(&mut client).await, closed(code, "as it is"));
        let end = refused(&mut client).await;
        assert_eq!((end.code, end.name()), (CloseCode::NORMAL, "closed"));
    }
    front
        .until_metric("bridges_ended_total{by=\"backend\"}", 16)
        .await;
}

#[tokio::test]
async fn a_close_without_a_code_and_one_that_the_library_does_not_know_reach_a_drop_in() {
    for (payload, code) in [(&[][..], 1005), (&1014_u16.to_be_bytes()[..], 1014)] {
        let backend = RawBackend::start().await;
        let front = Front::before(backend.address).await;
        let mut client = TestClient::connect_as(front.address, quick(), DROP_IN);
        let (mut stream, _) = backend.visit().await;
        assert_eq!(
            control(&mut client).await,
            Ok(Control::Opened(String::new()))
        );
        let mut frame = vec![0x88, payload.len() as u8];
        frame.extend(payload);
        stream.write_all(&frame).await.expect("open");
        assert_eq!(control(&mut client).await, closed(code, ""));
    }
}

#[tokio::test]
async fn an_ordinary_client_is_told_the_same_in_its_close() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    for code in [1000, 1001, 1008, 1011, 1013, 3001, 4001, 4401, 4403] {
        let mut client = TestClient::connect(front.address, only(Transport::WebSocket));
        let mut visit = backend.visit().await;
        client.connected().await;
        visit.close(code, "as it is").await;
        let told = refused(&mut client).await;
        assert_eq!((told.code.0, told.reason.as_str()), (code, "as it is"));
        drop((client, visit));
        front.until_metric("bridges", 0).await;
    }
}

#[tokio::test]
async fn a_browser_that_was_away_gets_all_and_then_the_close() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    // Its connection is a socket in the hands of this test, which leaves and comes back.
    let mut hello = raw::hello(1, HelloMode::Socket);
    hello.token = DROP_IN.to_vec();
    let mut socket = RawSocket::open(front.address, "/live").await;
    socket.binary(&raw::packet(&hello, |_| ())).await;
    assert!(matches!(socket.hear().await, Heard::Binary(_)));
    let mut visit = backend.visit().await;
    drop(socket);
    visit.send("while you were away").await;
    visit.close(4001, "enough").await;

    (hello.attach, hello.resume) = (2, true);
    let mut socket = RawSocket::open(front.address, "/live").await;
    socket.binary(&raw::packet(&hello, |_| ())).await;
    let mut heard = Vec::new();
    while heard.windows(6).all(|window| window != b"enough") {
        match socket.hear().await {
            Heard::Binary(packet) => heard.extend(packet),
            other => panic!("{other:?}"),
        }
    }
    let find = |what: &[u8]| heard.windows(what.len()).position(|window| window == what);
    let message = find(b"while you were away").expect("the message");
    let close = find(b"\0tidewire\x02\x01\x0f\xa1enough").expect("the close");
    assert!(message < close);
}

/// What the backend hears when a client with this token closes its session.
async fn heard(
    front: &Front,
    backend: &mut Backend,
    key: u8,
    token: &[u8],
    (code, reason): (u16, &str),
) -> Option<(u16, String)> {
    let mut hello = raw::hello(key, HelloMode::Socket);
    hello.token = token.to_vec();
    let mut socket = RawSocket::open(front.address, "/live").await;
    socket.binary(&raw::packet(&hello, |_| ())).await;
    let mut visit = backend.visit().await;
    let mut bye = tidewire_proto::wire::Writer::default();
    bye.close(&Close::new(CloseCode(code), reason));
    socket.binary(&bye.into_packet()).await;
    visit.closed().await
}

#[tokio::test]
async fn the_close_of_a_client_reaches_its_backend() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    for (key, code) in (1..).zip([1000, 1001, 3000, 4000, 4999]) {
        let close = heard(&front, &mut backend, key, b"", (code, "as it is")).await;
        assert_eq!(close, Some((code, "as it is".to_owned())));
    }
    front
        .until_metric("bridges_ended_total{by=\"browser\"}", 5)
        .await;
}

#[tokio::test]
async fn a_page_that_is_left_closes_as_a_browsers_own_socket_would() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    // A browser gives no reason.
    let left = (1001, "going-away: the page was left");
    let close = heard(&front, &mut backend, 1, DROP_IN, left).await;
    assert_eq!(close, Some((1001, String::new())));
}

#[tokio::test]
async fn what_was_sent_before_a_close_comes_before_it() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    let mut client = TestClient::connect(front.address, quick());
    let mut visit = backend.visit().await;
    for number in 0..500 {
        client.send(number.to_string().as_str()).await;
    }
    let closing = tokio::spawn(async move { client.close().await });
    // A backend that takes its time.
    tokio::time::sleep(Duration::from_millis(50)).await;
    for number in 0..500 {
        assert_eq!(visit.text().await, number.to_string());
    }
    assert_eq!(visit.closed().await, Some((1000, "done".to_owned())));
    support::in_time(closing).await.expect("no panic");
}
