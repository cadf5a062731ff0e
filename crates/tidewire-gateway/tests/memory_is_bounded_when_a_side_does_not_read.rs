//! A side that does not read makes the other one wait, and the gateway keeps no more than its bounds.

mod support;

use std::time::{Duration, Instant};

use support::backend::RawBackend;
use support::client::{TestClient, quick};
use support::program::Program;
use support::raw::{self, Heard, PATIENCE, RawSocket};
use support::{in_time, plain};
use tidewire_proto::wire::HelloMode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// What the gateway may keep of one session in one direction, twice for copies on their way, and what its allocator keeps beside.
const BOUND: u64 = 16 << 20;
/// More than the buffers of two connections on this machine, and ten times what the gateway may keep.
const FLOOD: usize = 96 << 20;

fn program(backend: &RawBackend) -> Program {
    Program::start(&["--backend", &format!("ws://{}/live", backend.address)])
}

/// Writes until the other side has taken nothing for a while; how much it took.
async fn flood(stream: &mut TcpStream, bytes: &[u8]) -> usize {
    let mut taken = 0;
    while taken < FLOOD {
        let write = stream.write(&bytes[taken % bytes.len()..]);
        match tokio::time::timeout(Duration::from_millis(500), write).await {
            Ok(written) => taken += written.expect("open"),
            Err(_) => return taken,
        }
    }
    taken
}

#[tokio::test]
async fn a_browser_that_is_away_makes_its_backend_wait() {
    let backend = RawBackend::start().await;
    let gateway = program(&backend);
    let mut hello = raw::hello(1, HelloMode::Socket);
    let mut socket = RawSocket::open(gateway.address, "/live").await;
    socket.binary(&raw::packet(&hello, |_| ())).await;
    assert!(matches!(socket.hear().await, Heard::Binary(_)));
    let (mut stream, _) = backend.visit().await;
    drop(socket);

    let before = gateway.resident();
    // Messages of 64 KiB, as a server writes them.
    let mut message = vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0];
    message.resize(10 + 65_536, 7);
    let taken = flood(&mut stream, &message).await;
    assert!(taken < FLOOD, "nothing made the backend wait");
    let grown = gateway.resident().saturating_sub(before);
    assert!(grown < BOUND, "{taken} bytes were taken, and {grown} kept");

    // It goes on when the browser comes back.
    (hello.attach, hello.resume) = (2, true);
    let mut socket = RawSocket::open(gateway.address, "/live").await;
    socket.binary(&raw::packet(&hello, |_| ())).await;
    let mut heard = 0;
    while heard < 65_536 {
        match socket.hear().await {
            Heard::Binary(packet) => heard += packet.len(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_backend_that_does_not_read_makes_its_browser_wait() {
    let backend = RawBackend::start().await;
    let gateway = program(&backend);
    // A client that would hold all of it back itself.
    let mut config = quick();
    config.limits = config.limits.outbox(2 * FLOOD, 8_192);
    let client = TestClient::connect(gateway.address, config);
    let (mut stream, _) = backend.visit().await;
    let before = gateway.resident();
    let message = vec![7; 1 << 18];
    let sent = FLOOD / 2;
    for _ in 0..sent / message.len() {
        client.send(message.clone()).await;
    }
    // Until the gateway has had its fill for a while.
    let deadline = Instant::now() + PATIENCE;
    let (mut most, mut since) = (before, Instant::now());
    while since.elapsed() < Duration::from_millis(700) {
        assert!(Instant::now() < deadline, "nothing made the client wait");
        tokio::time::sleep(Duration::from_millis(5)).await;
        if gateway.resident() > most {
            (most, since) = (gateway.resident(), Instant::now());
        }
    }
    let grown = most - before;
    assert!(grown < BOUND, "{sent} bytes were sent, and {grown} kept");

    // Nothing is lost once the backend reads.
    let mut buffer = vec![0; 1 << 20];
    let mut got = 0;
    while got < sent {
        let read = in_time(stream.read(&mut buffer)).await.expect("open");
        assert!(read > 0, "it ended");
        got += read;
    }
}

#[tokio::test]
async fn a_plain_client_that_does_not_read_makes_its_backend_wait() {
    use futures_util::SinkExt;
    let backend = RawBackend::start().await;
    let gateway = program(&backend);
    let (mut socket, _) = plain(gateway.address, "/live", "").await.expect("open");
    socket.send(Message::text("go")).await.expect("open");
    let (mut stream, _) = backend.visit().await;
    let before = gateway.resident();
    let taken = flood(&mut stream, &vec![7; 1 << 16]).await;
    assert!(taken < FLOOD, "nothing made the backend wait");
    let grown = gateway.resident().saturating_sub(before);
    assert!(
        grown < 4 << 20,
        "{taken} bytes were taken, and {grown} kept"
    );
}
