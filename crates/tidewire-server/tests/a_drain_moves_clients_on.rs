//! A server that stops tells its clients first, takes no new sessions, and ends in time.

mod support;

use std::time::{Duration, Instant};

use support::client::TestClient;
use support::echo::Echo;
use support::raw::{self, Heard, RawSocket, hello, packet};
use support::{Server, eventually};
use tidewire_proto::wire::{Frame, HelloMode, Reader};

fn frames(packet: &[u8]) -> Vec<Frame<'_>> {
    let mut reader = Reader::new(packet);
    std::iter::from_fn(|| Frame::read(&mut reader).expect("a frame")).collect()
}

#[tokio::test]
async fn each_client_is_told_with_a_delay_spread_over_time() {
    let server = Server::echo().await;
    let mut sockets = Vec::new();
    for key in 1..=4 {
        let mut socket = RawSocket::open(server.address, "/live").await;
        socket
            .binary(&packet(&hello(key, HelloMode::Socket), |_| {}))
            .await;
        socket.hear().await;
        sockets.push(socket);
    }
    server.hub.drain(Duration::from_secs(4));
    let mut delays = Vec::new();
    for socket in &mut sockets {
        let Heard::Binary(packet) = socket.hear().await else {
            panic!("a packet was expected")
        };
        let delay = frames(&packet).iter().find_map(|frame| match frame {
            Frame::Drain(delay) => Some(*delay),
            _ => None,
        });
        delays.push(delay.expect("a drain"));
    }
    delays.sort_unstable();
    assert_eq!(delays, [0, 1_000, 2_000, 3_000], "milliseconds");

    let newcomer = packet(&hello(9, HelloMode::Poll), |_| {});
    let answer = raw::exchange(server.address, &raw::post("/live", "", &newcomer))
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status, answer.header("tidewire-error")),
        (503, Some("draining"))
    );
    assert!(answer.header("retry-after").is_some());

    let hub = server.hub.clone();
    let shutdown = tokio::spawn(async move { hub.shutdown().await });
    for socket in &mut sockets {
        assert!(matches!(
            socket.hear_close().await,
            Heard::Close { code: 4503, .. }
        ));
    }
    eventually("all sessions are gone", || {
        server.hub.metrics().sessions == 0
    })
    .await;
    drop(sockets);
    shutdown.await.expect("all sockets are closed");
    assert!(server.hub.accept().await.is_none());
    let late = raw::exchange(server.address, &raw::handshake("/live", "")).await;
    let late = late.expect("an answer");
    assert_eq!(
        (late.status, late.header("retry-after")),
        (503, Some("1")),
        "no WebSocket opens any more"
    );
}

#[tokio::test]
async fn the_program_stops_in_time_on_either_signal_whoever_is_connected() {
    for signal in ["-INT", "-TERM"] {
        let mut echo = Echo::start(&[]);
        let _clients = TestClient::one_of_each(echo.address).await;
        let mut plain = RawSocket::open(echo.address, "/message").await;
        let started = Instant::now();
        echo.signal(signal);
        assert!(matches!(
            plain.hear_close().await,
            Heard::Close { code: 1001, .. }
        ));
        drop(plain);
        let status = tokio::task::spawn_blocking(move || echo.wait())
            .await
            .expect("its end");
        assert!(status.success(), "{signal}: {status}");
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{signal}: {:?}",
            started.elapsed()
        );
    }
}

#[tokio::test]
async fn a_second_signal_stops_it_at_once() {
    let mut echo = Echo::start(&[]);
    echo.signal("-INT");
    let started = Instant::now();
    while echo.try_wait().is_none() {
        assert!(started.elapsed() < Duration::from_secs(5));
        // Signals of one kind that come close together are one: it is sent until one counts as the second.
        echo.signal("-INT");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(echo.wait().code(), Some(130));
}
