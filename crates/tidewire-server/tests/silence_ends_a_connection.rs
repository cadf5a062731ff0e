//! Who is silent, slow or does not read is let go in time, and the session of a slow one lives on.

mod support;

use std::time::{Duration, Instant};

use support::raw::{self, Heard, RawSocket, hello, packet};
use support::{Server, echo_session, eventually};
use tidewire_proto::wire::HelloMode;
use tidewire_server::{Hub, HubConfig, ServeConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

async fn server() -> Server {
    let mut config = HubConfig::default();
    config.first_packet_timeout = Duration::from_millis(300);
    config.write_stall_timeout = Duration::from_millis(300);
    config.body_grace = Duration::from_millis(300);
    let mut serving = ServeConfig::default();
    serving.head_timeout = Duration::from_millis(300);
    Server::start_with(Hub::builder().config(config), serving, echo_session).await
}

/// Everything until the server closes.
async fn until_the_end(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let end = stream.read_to_end(&mut heard);
    // A reset is an end too.
    let _ = tokio::time::timeout(raw::PATIENCE, end)
        .await
        .expect("an end in time");
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test]
async fn before_the_request() {
    let server = server().await;
    let started = Instant::now();
    let mut silent = TcpStream::connect(server.address).await.expect("connect");
    until_the_end(&mut silent).await;
    let mut dribbling = TcpStream::connect(server.address).await.expect("connect");
    dribbling
        .write_all(b"POST /live HTTP/1.1\r\nHost: loc")
        .await
        .expect("some bytes");
    until_the_end(&mut dribbling).await;
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn within_the_body() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.address).await.expect("connect");
    stream
        .write_all(b"POST /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nslow")
        .await
        .expect("some bytes");
    let answer = until_the_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("tidewire-error: slow"), "{answer}");
}

#[tokio::test]
async fn after_the_upgrade() {
    let server = server().await;
    let mut socket = RawSocket::open(server.address, "/live").await;
    let Heard::Close { code, reason } = socket.hear_close().await else {
        panic!("no close frame")
    };
    assert_eq!(
        (code, reason.split(':').next()),
        (4408, Some("first-packet"))
    );
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_let_go_and_may_come_back() {
    let server = server().await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let mut stream = socket.connect(server.address).await.expect("connect");
    stream
        .write_all(&raw::handshake("/live", ""))
        .await
        .expect("written");
    assert_eq!(
        raw::read_answer(&mut stream)
            .await
            .expect("an answer")
            .status,
        101
    );
    let mut greedy = hello(1, HelloMode::Socket);
    (greedy.window_bytes, greedy.window_messages) = (1 << 30, 1 << 20);
    stream
        .write_all(&raw::frame(0x82, &packet(&greedy, |_| {})))
        .await
        .expect("written");
    eventually("it is attached", || {
        server
            .hub
            .sessions()
            .iter()
            .any(|session| session.transport().is_some())
    })
    .await;
    let session = server.hub.sessions().remove(0);
    // Enough for all buffers between here and there; it is never read.
    let mut sent = 0;
    while session.transport().is_some() {
        match session.try_send(vec![0; 100_000]) {
            Ok(_) => sent += 1,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    assert!(sent > 0);
    assert!(session.end().is_none(), "the session lives on");

    let mut again = RawSocket::open(server.address, "/live").await;
    (greedy.resume, greedy.attach) = (true, 2);
    again.binary(&packet(&greedy, |_| {})).await;
    eventually("it is attached again", || session.transport().is_some()).await;
}

#[tokio::test]
async fn a_peer_that_pings_and_does_not_read_is_let_go_whatever_it_has_said_before() {
    let server = server().await;
    for says_hello in [true, false] {
        let mut socket = RawSocket::open(server.address, "/live").await;
        if says_hello {
            let hello = hello(1, HelloMode::Socket);
            socket.binary(&packet(&hello, |_| {})).await;
            eventually("it is attached", || {
                let sessions = server.hub.sessions();
                sessions.iter().any(|session| session.transport().is_some())
            })
            .await;
        }
        let pings = raw::frame(0x89, &[7; 125]).repeat(500);
        let flood = async { while socket.stream.write_all(&pings).await.is_ok() {} };
        // Well before the heartbeats would find it (20 s).
        tokio::time::timeout(Duration::from_secs(12), flood)
            .await
            .expect("the server hangs up");
    }
}
