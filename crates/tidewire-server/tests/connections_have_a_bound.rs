//! The server holds as many connections as it was told, WebSockets included, and who does not read loses the place.

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::serve::Listener as _;
use support::raw::{self, Heard, RawSocket};
use support::{Server, echo_session};
use tidewire_server::{Hub, ServeConfig, Tcp, serve};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const REQUEST: &[u8] = b"GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn one_connection() -> ServeConfig {
    let mut config = ServeConfig::default();
    config.max_connections = 1;
    config.write_stall_timeout = Duration::from_millis(300);
    config
}

/// Sends a request on a connection of its own.
async fn begin(server: SocketAddr, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(server).await.expect("connect");
    stream.write_all(request).await.expect("written");
    stream
}

#[tokio::test]
async fn an_open_websocket_has_a_place_and_gives_it_back_when_it_closes() {
    let server = Server::start_with(Hub::builder(), one_connection(), echo_session).await;
    let mut socket = RawSocket::open(server.address, "/live").await;
    let mut next = begin(server.address, REQUEST).await;
    let early = tokio::time::timeout(Duration::from_millis(500), next.readable()).await;
    assert!(early.is_err(), "it waits for a place");

    socket.frame(0x88, &[]).await;
    assert!(matches!(socket.hear().await, Heard::Close { .. }));
    drop(socket);
    let answer = raw::read_answer(&mut next).await.expect("an answer");
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn who_does_not_read_an_answer_loses_the_place() {
    let listener = Tcp::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new()
        .route("/long", get(async || vec![0_u8; 64 << 20]))
        .route("/short", get(async || "short"));
    tokio::spawn(serve(
        listener,
        router,
        one_connection(),
        std::future::pending(),
    ));
    let _never_read = begin(address, b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut next = begin(address, REQUEST).await;
    let answer = raw::read_answer(&mut next).await.expect("an answer");
    assert_eq!(answer.text(), "short");
}
