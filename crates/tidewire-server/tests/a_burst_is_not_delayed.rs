//! Small messages leave at once, and what is sent in one turn leaves together.

mod support;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use support::Server;
use support::client::{TestClient, only};
use support::raw::{Heard, RawSocket, hello, packet};
use tidewire_proto::Transport;
use tidewire_proto::wire::HelloMode;
use tidewire_server::{Hub, Session};

#[tokio::test]
async fn thirty_two_echoes_take_no_forty_milliseconds() {
    let server = Server::echo().await;
    let mut client = TestClient::connect(server.address, only(Transport::WebSocket));
    client.connected().await;
    let mut bursts = Vec::new();
    for _ in 0..21 {
        let started = Instant::now();
        for _ in 0..32 {
            client.send("x").await;
        }
        for _ in 0..32 {
            client.text().await;
        }
        bursts.push(started.elapsed());
    }
    bursts.sort_unstable();
    assert!(
        bursts[10] < Duration::from_millis(30),
        "median {:?}",
        bursts[10]
    );
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
