//! The fault `unreachable` of tidewire-echo: nothing gets through to `/live` and `/message` for a while, and then all is
//! well again.

mod support;

use std::time::{Duration, Instant};

use support::client::{TestClient, only};
use support::echo::Echo;
use support::raw::{self, Heard, RawSocket};
use tidewire_proto::Transport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Long enough for whatever would get through.
const A_WHILE: Duration = Duration::from_millis(300);

async fn begin(echo: &Echo, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(echo.address).await.expect("connect");
    stream.write_all(request).await.expect("written");
    stream
}

/// The same, to the point where an outage holds the request: only then would its end reset it.
async fn held(echo: &Echo, request: &[u8]) -> TcpStream {
    let hits = echo.hits("unreachable").await;
    let stream = begin(echo, request).await;
    echo.until_hits("unreachable", hits + 1).await;
    stream
}

/// The requests that an outage holds.
fn requests() -> Vec<Vec<u8>> {
    let hello = raw::hello(1, tidewire_proto::wire::HelloMode::Poll);
    vec![
        raw::post("/live", "", &raw::packet(&hello, |_| {})),
        raw::handshake("/live", ""),
        raw::handshake("/message", ""),
        b"GET /message HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
    ]
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    tokio::time::timeout(A_WHILE, stream.read_u8())
        .await
        .is_err()
}

/// The connection ends without a byte, at once.
async fn is_reset(stream: &mut TcpStream) -> bool {
    let end = tokio::time::timeout(raw::PATIENCE, stream.read_u8()).await;
    end.expect("an end in time").is_err()
}

#[tokio::test]
async fn nothing_is_answered_until_it_is_lifted_and_then_all_is_reset() {
    let echo = Echo::start(&["--faults"]);
    let mut open = RawSocket::open(echo.address, "/message").await;
    open.frame(0x81, b"before").await;
    assert_eq!(open.hear().await, Heard::Binary(b"before".to_vec()));

    echo.order("unreachable", r#"{"millis": 60000}"#).await;
    open.frame(0x81, b"lost").await;
    let mut streams = Vec::new();
    for request in requests() {
        streams.push(held(&echo, &request).await);
    }
    assert!(is_silent(&mut open.stream).await);
    for stream in &mut streams {
        assert!(is_silent(stream).await);
    }
    assert_eq!(echo.hits("unreachable").await, 5, "one frozen, four held");
    // What faults are not about goes on.
    assert_eq!(echo.get("/news/latest", "").await.status, 200);

    echo.order("clear", r#"{"fault": "unreachable"}"#).await;
    assert!(is_reset(&mut open.stream).await);
    for stream in &mut streams {
        assert!(is_reset(stream).await);
    }
    for request in requests() {
        let answer = raw::exchange(echo.address, &request).await;
        assert!(matches!(answer.expect("an answer").status, 101 | 200));
    }
}

#[tokio::test]
async fn it_ends_in_its_time_and_clients_come_back_with_everything() {
    for transport in Transport::ALL {
        let echo = Echo::start(&["--faults"]);
        let mut config = only(transport);
        config.silence = Duration::from_secs(30);
        let mut client = TestClient::connect(echo.address, config);
        client.connected().await;
        client.send("before").await;
        assert_eq!(client.text().await, "before");
        let started = Instant::now();
        echo.order("unreachable", r#"{"millis": 700}"#).await;
        client.send("meanwhile").await;
        assert_eq!(client.text().await, "meanwhile");
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(700), "{transport:?} {took:?}");
        assert_eq!(client.stats().await.sessions_lost, 0);
        let faults = echo.json("/faults").await;
        let line = faults.as_array().expect("a list").last().expect("a line");
        assert_eq!(line["fault"], "unreachable");
        assert!(line["active"].is_null());
    }
}

#[tokio::test]
async fn a_second_order_is_its_new_end_and_clear_all_ends_it() {
    let echo = Echo::start(&["--faults", "--fault", "unreachable:millis=60000"]);
    let mut first = held(&echo, &raw::handshake("/message", "")).await;
    assert!(is_silent(&mut first).await);
    echo.order("unreachable", r#"{"millis": 1}"#).await;
    assert!(is_reset(&mut first).await);

    echo.order("unreachable", r#"{"millis": 18446744073709551615}"#)
        .await;
    let mut second = held(&echo, &raw::handshake("/live", "")).await;
    assert!(is_silent(&mut second).await);
    echo.order("clear", "").await;
    assert!(is_reset(&mut second).await);
}

#[tokio::test]
async fn cuts_do_not_get_through_either() {
    let echo = Echo::start(&["--faults"]);
    let mut open = RawSocket::open(echo.address, "/message").await;
    echo.order("unreachable", r#"{"millis": 60000}"#).await;
    echo.order("cut", "").await;
    echo.order("half-open", "").await;
    assert!(is_silent(&mut open.stream).await);
    echo.order("clear", "").await;
    assert!(is_reset(&mut open.stream).await);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_goes_away_meanwhile_is_held_no_longer() {
    let echo = Echo::start(&["--faults"]);
    let descriptors = || {
        let folder = format!("/proc/{}/fd", echo.id());
        std::fs::read_dir(folder).expect("its files").count()
    };
    echo.order("unreachable", r#"{"millis": 60000}"#).await;
    let mut held = Vec::new();
    // The body of one of them does not fit into what is read with the head.
    let long = raw::post("/live", "", &[0; 200_000]);
    for request in requests().into_iter().chain([long]) {
        for _ in 0..10 {
            held.push(begin(&echo, &request).await);
        }
    }
    echo.until_hits("unreachable", held.len() as u64).await;
    let rest = descriptors() - held.len();
    drop(held);
    support::eventually("all are let go", || descriptors() <= rest).await;
}
