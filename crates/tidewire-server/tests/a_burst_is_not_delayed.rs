//! No small write waits for the one before it, and what is sent in one turn leaves together.

mod support;

use axum::serve::Listener;
use futures_util::StreamExt;
use support::Server;
use support::raw::{Heard, RawSocket, hello, packet};
use tidewire_proto::wire::HelloMode;
use tidewire_server::{Hub, Session, Tcp};
use tokio::net::TcpStream;

/// By Nagle's algorithm (RFC 896) the second small write of an echo would wait for an acknowledgement, which its receiver
/// delays by up to 40 ms where it has nothing to send.
#[tokio::test]
async fn an_accepted_connection_holds_no_small_write_back() {
    let mut listener = Tcp::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let _client = TcpStream::connect(address).await.expect("room to wait in");
    let (accepted, _) = listener.accept().await;
    assert!(accepted.nodelay().expect("a connection"));
}

#[tokio::test]
async fn a_thousand_messages_of_one_turn_take_few_packets() {
    let server = Server::start(Hub::builder(), |mut session: Session| async move {
        for _ in 0..1_000 {
            session.try_send("x").expect("room");
        }
        // Stays until the client leaves.
        session.next().await;
    })
    .await;
    let mut greedy = hello(1, HelloMode::Socket);
    greedy.window_messages = 4_096;
    let mut socket = RawSocket::open(server.address, "/live").await;
    socket.binary(&packet(&greedy, |_| {})).await;
    let (mut packets, mut bytes) = (0, 0);
    while bytes < 3_000 {
        match socket.hear().await {
            Heard::Binary(packet) => (packets, bytes) = (packets + 1, bytes + packet.len()),
            end => panic!("{end:?} after {bytes} bytes"),
        }
    }
    assert!(packets <= 10, "{packets} packets");
    assert!(
        bytes < 3_200,
        "{bytes} bytes: 2 bytes of overhead for each message of 1"
    );
}
