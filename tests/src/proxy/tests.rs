//! The proxy does as told; seen from both its ends.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Direction, Handshakes, Happened, Kind, Proxy, Rules};

const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
const SOON: Duration = Duration::from_secs(5);

/// A server that sends everything back.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                // It ends with its connection.
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    address
}

async fn through(rules: Rules, greeting: &[u8]) -> (Proxy, TcpStream) {
    let proxy = Proxy::start(echo().await).await;
    proxy.set(rules);
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    stream.write_all(greeting).await.unwrap();
    (proxy, stream)
}

async fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut read = vec![0; bytes.len()];
    let done = tokio::time::timeout(SOON, stream.read_exact(&mut read)).await;
    done.expect("bytes come soon").unwrap();
    assert_eq!(read, bytes);
}

async fn expect_reset(stream: &mut TcpStream) {
    let read = tokio::time::timeout(SOON, stream.read(&mut [0; 1])).await;
    let error = read.expect("an end comes soon").expect_err("it is a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn without_rules_everything_passes() {
    for (greeting, kind) in [(UPGRADE, Kind::Socket), (REQUEST, Kind::Http)] {
        let (proxy, mut stream) = through(Rules::default(), greeting).await;
        expect(&mut stream, greeting).await;
        proxy.until(kind, Happened::Opened, 1, SOON).await;
        stream.shutdown().await.unwrap();
        proxy.until(kind, Happened::Closed, 1, SOON).await;
        assert_eq!(proxy.traffic().posts, u64::from(kind == Kind::Http));
    }
}

#[tokio::test]
async fn what_is_stalled_waits_in_either_direction_and_passes_when_released() {
    for direction in [Direction::Up, Direction::Down] {
        let (proxy, mut stream) = through(Rules::default(), UPGRADE).await;
        expect(&mut stream, UPGRADE).await;
        assert_eq!(proxy.stall(Kind::Http, &[direction]), 0);
        assert_eq!(proxy.stall(Kind::Socket, &[direction]), 1);
        stream.write_all(b"ahoy").await.unwrap();
        let nothing =
            tokio::time::timeout(Duration::from_millis(100), stream.peek(&mut [0; 1])).await;
        assert!(nothing.is_err(), "{direction:?}: something came through");
        proxy.release();
        expect(&mut stream, b"ahoy").await;
    }
}

#[tokio::test]
async fn what_is_cut_ends_in_a_reset() {
    let (proxy, mut stream) = through(Rules::default(), UPGRADE).await;
    expect(&mut stream, UPGRADE).await;
    assert_eq!(proxy.cut(Kind::Socket), 1);
    expect_reset(&mut stream).await;
    proxy.until(Kind::Socket, Happened::Cut, 1, SOON).await;
    assert_eq!(proxy.cut(Kind::Socket), 0, "it is gone");
}

#[tokio::test]
async fn a_connection_is_cut_after_its_bytes_and_after_its_silence() {
    let after_bytes = Rules {
        cut_after: Some(u64::try_from(2 * REQUEST.len()).unwrap()),
        ..Rules::default()
    };
    let after_silence = Rules {
        read_timeout: Some(Duration::from_millis(50)),
        ..Rules::default()
    };
    for rules in [after_bytes, after_silence] {
        let (proxy, mut stream) = through(rules, REQUEST).await;
        expect(&mut stream, REQUEST).await;
        expect_reset(&mut stream).await;
        proxy.until(Kind::Http, Happened::Cut, 1, SOON).await;
    }
}

#[tokio::test]
async fn handshakes_are_refused_or_swallowed_and_requests_pass() {
    let rules = |handshakes| Rules {
        handshakes,
        ..Rules::default()
    };
    let (proxy, mut stream) = through(rules(Handshakes::Refuse), UPGRADE).await;
    expect_reset(&mut stream).await;
    assert_eq!(proxy.count(Kind::Socket, Happened::Refused), 1);

    let (proxy, stream) = through(rules(Handshakes::BlackHole), UPGRADE).await;
    proxy
        .until(Kind::Socket, Happened::Swallowed, 1, SOON)
        .await;
    drop(stream);
    proxy.until(Kind::Socket, Happened::Closed, 1, SOON).await;

    let (_proxy, mut stream) = through(rules(Handshakes::BlackHole), REQUEST).await;
    expect(&mut stream, REQUEST).await;
}

#[tokio::test]
async fn bytes_come_late_in_portions_and_all_together() {
    let late = Rules {
        delay: Duration::from_millis(20),
        slice: Some(10),
        ..Rules::default()
    };
    let buffered = Rules {
        buffer_answers: Some(Duration::from_millis(60)),
        ..Rules::default()
    };
    for rules in [late, buffered] {
        let start = Instant::now();
        let (_proxy, mut stream) = through(rules, REQUEST).await;
        expect(&mut stream, REQUEST).await;
        assert!(start.elapsed() >= Duration::from_millis(60), "{rules:?}");
    }
}
