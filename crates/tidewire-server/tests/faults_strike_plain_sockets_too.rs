//! The faults of tidewire-echo happen to plain WebSockets on `/message` as they do to sessions.

mod support;

use std::time::Duration;

use support::echo::Echo;
use support::raw::{self, Heard, RawSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const A_WHILE: Duration = Duration::from_millis(300);

async fn opened(echo: &Echo) -> RawSocket {
    // Watched or not, it is the same.
    let mut socket = RawSocket::open(echo.address, "/message?watch=plain").await;
    socket.frame(0x81, b"hello").await;
    assert_eq!(socket.hear().await, Heard::Binary(b"hello".to_vec()));
    socket
}

/// Nothing comes, and no end either.
async fn is_silent(stream: &mut TcpStream) -> bool {
    tokio::time::timeout(A_WHILE, stream.read_u8())
        .await
        .is_err()
}

#[tokio::test]
async fn a_cut_ends_them_without_goodbye() {
    let echo = Echo::start(&["--faults"]);
    let mut socket = opened(&echo).await;
    let answer = echo.post("/faults/cut", "").await;
    assert_eq!(answer.text(), r#"{"connections":1}"#);
    assert_eq!(socket.hear().await, Heard::End);

    for fault in ["cut-interval", "cut-messages"] {
        let mut socket = opened(&echo).await;
        echo.order(fault, r#"{"millis": 50, "times": 1}"#).await;
        socket.frame(0x81, b"last").await;
        while socket.hear().await != Heard::End {}
    }
}

#[tokio::test]
async fn a_half_open_one_hears_nothing_until_it_is_lifted() {
    let echo = Echo::start(&["--faults"]);
    let mut socket = opened(&echo).await;
    let answer = echo.post("/faults/half-open", "").await;
    assert_eq!(answer.text(), r#"{"connections":1}"#);
    socket.frame(0x81, b"held").await;
    assert!(is_silent(&mut socket.stream).await);
    echo.order("clear", "").await;
    assert_eq!(socket.hear().await, Heard::Binary(b"held".to_vec()));
}

#[tokio::test]
async fn their_handshakes_are_refused_swallowed_or_followed_by_silence() {
    let echo = Echo::start(&["--faults"]);
    let handshake = raw::handshake("/message", "");
    echo.order("refuse-upgrades", r#"{"status": 429}"#).await;
    let answer = raw::exchange(echo.address, &handshake).await;
    assert_eq!(answer.expect("an answer").status, 429);
    echo.order("clear", "").await;

    echo.order("black-hole-upgrades", "").await;
    let mut stream = TcpStream::connect(echo.address).await.expect("connect");
    stream.write_all(&handshake).await.expect("written");
    assert!(is_silent(&mut stream).await);
    echo.order("clear", "").await;

    echo.order("silent-upgrades", "").await;
    let mut socket = RawSocket::open(echo.address, "/message").await;
    socket.frame(0x81, b"hello").await;
    assert!(is_silent(&mut socket.stream).await);
    echo.order("clear", "").await;
    opened(&echo).await;
}

#[tokio::test]
async fn a_delay_delays_them() {
    let echo = Echo::start(&["--faults"]);
    let mut socket = opened(&echo).await;
    echo.order("delay", r#"{"millis": 200}"#).await;
    let started = std::time::Instant::now();
    socket.frame(0x81, b"late").await;
    assert_eq!(socket.hear().await, Heard::Binary(b"late".to_vec()));
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!(echo.hits("delay").await, 1);
}
