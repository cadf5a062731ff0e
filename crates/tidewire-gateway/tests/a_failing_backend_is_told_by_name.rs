//! Whatever is wrong with a backend has a code and a name of its own, for sessions and for plain WebSockets.

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use support::backend::{RawBackend, answering};
use support::client::{TestClient, quick};
use support::{Control, DROP_IN, Front, control, live, plain, raw, refused};
use tidewire_gateway::{GatewayConfig, Route};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Error;

/// Times that no test waits for, but for how soon a client counts as a plain one.
fn patient(route: Route) -> GatewayConfig {
    let mut config = GatewayConfig::new([route]);
    config.limits.plain_after = Duration::from_millis(20);
    config
}

/// Short times, for what is told when they end.
fn impatient(route: Route) -> GatewayConfig {
    let mut config = patient(route);
    config.limits.connect = Duration::from_millis(300);
    config.limits.backend_silence = Duration::from_millis(200);
    config.limits.backend_write = Duration::from_millis(300);
    config
}

/// A port on which nobody listens.
async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address")
}

/// The gateway, what a drop-in hears without ever being opened, and what an ordinary client hears.
async fn unopened(config: GatewayConfig) -> (Front, u16, String) {
    let front = Front::start(config).await;
    let mut client = TestClient::connect_as(front.address, quick(), DROP_IN);
    let Ok(Control::Closed {
        is_clean: false,
        code,
        reason,
    }) = control(&mut client).await
    else {
        panic!("opened")
    };
    let mut ordinary = TestClient::connect(front.address, quick());
    let close = refused(&mut ordinary).await;
    assert_eq!((close.code.0, &close.reason), (code, &reason));
    (front, code, reason)
}

/// The status with which the handshake of a plain client is refused, and the code with which one is closed that was let in before.
async fn plainly(front: &Front) -> (u16, u16, String) {
    let status = match plain(front.address, "/live", "one").await {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("{:?}", other.map(|(_, chosen)| chosen)),
    };
    let mut socket = raw::RawSocket::open(front.address, "/live").await;
    match socket.hear().await {
        raw::Heard::Close { code, reason } => (status, code, reason),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_backend_that_cannot_be_reached() {
    let at = |url: &str| Route::new("/live", url).expect("a route");
    let refused = nobody().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let silent = silent.local_addr().map(|address| (address, silent));
    let (silent, _kept) = silent.expect("an address");
    let nameless = at("ws://no-such-name.invalid/");
    for (config, code, status, name) in [
        (patient(live(refused)), 4502, 502, "backend-refused"),
        (impatient(live(silent)), 4504, 504, "backend-timeout"),
        (patient(nameless), 4502, 502, "backend-dns"),
    ] {
        let (front, told, reason) = unopened(config).await;
        assert_eq!(told, code, "{reason}");
        assert!(reason.starts_with(&format!("{name}: ")), "{reason}");
        let (refused, closed, text) = plainly(&front).await;
        assert_eq!((refused, closed), (status, code), "{text}");
        assert_eq!(text, reason);
        assert!(
            front
                .metric(&format!("dials_total{{outcome=\"{name}\"}}"))
                .await
                >= Some(4)
        );
    }
}

#[tokio::test]
async fn a_backend_that_refuses_the_handshake() {
    for (answer, code, status, reason) in [
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            4401,
            401,
            "backend-status: the backend answered 401",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            4403,
            403,
            "backend-status: the backend answered 403",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            4502,
            404,
            "backend-status: the backend answered 404",
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
            4503,
            503,
            "backend-status: the backend answered 503",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            4502,
            502,
            "backend-status: the backend answered 200",
        ),
        (
            "SSH-2.0-nothing\r\n\r\n",
            4502,
            502,
            "backend-handshake: the backend opens no WebSocket, its answer is no HTTP",
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
            4502,
            502,
            "backend-handshake: the backend opens no WebSocket, its Sec-WebSocket-Accept is wrong",
        ),
    ] {
        let (front, told, text) = unopened(patient(live(answering(answer).await))).await;
        assert_eq!((told, text.as_str()), (code, reason));
        let (refused, closed, text) = plainly(&front).await;
        assert_eq!((refused, closed, text.as_str()), (status, code, reason));
    }
}

#[tokio::test]
async fn the_advice_of_a_backend_is_passed_on() {
    let busy = answering("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n").await;
    let front = Front::before(busy).await;
    let mut client = TestClient::connect(front.address, quick());
    let close = refused(&mut client).await;
    assert_eq!(close.retry_after, Some(Duration::from_secs(7)));
    let request = raw::handshake("/live", "Sec-WebSocket-Protocol: one\r\n");
    let answer = raw::exchange(front.address, &request)
        .await
        .expect("an answer");
    assert_eq!(answer.header("retry-after"), Some("7"));
    assert_eq!(answer.header("tidewire-error"), Some("backend-status"));
}

#[tokio::test]
async fn a_backend_that_fails_later() {
    /// What it does once it is open, before the test lets go of it.
    #[derive(Clone, Copy)]
    enum Does {
        Leave,
        Nothing,
        Say(&'static [u8]),
    }
    for (does, closed, close, name) in [
        (Does::Leave, 1006, 4502, "backend-lost"),
        (Does::Nothing, 1006, 4504, "backend-silent"),
        // A reserved bit, and text that is none.
        (Does::Say(&[0xc1, 0]), 1002, 4502, "backend-frame"),
        (Does::Say(&[0x81, 1, 0xff]), 1002, 4502, "backend-frame"),
        // A close with a code that no one may send.
        (
            Does::Say(&[0x88, 2, 0x03, 0xee]),
            1002,
            4502,
            "backend-frame",
        ),
        // The beginning of a message of 2 MiB.
        (
            Does::Say(&[0x82, 127, 0, 0, 0, 0, 0, 32, 0, 0]),
            1009,
            1009,
            "backend-message",
        ),
    ] {
        let backend = RawBackend::start().await;
        let route = live(backend.address);
        let config = match does {
            Does::Nothing => impatient(route),
            Does::Leave | Does::Say(_) => patient(route),
        };
        let front = Front::start(config).await;
        for token in [DROP_IN, b""] {
            let mut client = TestClient::connect_as(front.address, quick(), token);
            let (mut stream, _) = backend.visit().await;
            let kept = match does {
                Does::Leave => {
                    drop(stream);
                    None
                }
                Does::Nothing => Some(stream),
                Does::Say(bytes) => {
                    stream.write_all(bytes).await.expect("open");
                    Some(stream)
                }
            };
            let (code, reason) = if token.is_empty() {
                let told = refused(&mut client).await;
                assert_eq!(told.code.0, close, "{name}");
                (told.code.0, told.reason)
            } else {
                assert_eq!(
                    control(&mut client).await,
                    Ok(Control::Opened(String::new()))
                );
                match control(&mut client).await {
                    Ok(Control::Closed {
                        is_clean: false,
                        code,
                        reason,
                    }) => {
                        assert_eq!(code, closed, "{name}");
                        (code, reason)
                    }
                    other => panic!("{other:?}"),
                }
            };
            assert!(reason.starts_with(&format!("{name}: ")), "{code} {reason}");
            drop(kept);
        }
    }
}

#[tokio::test]
async fn a_backend_that_does_not_read() {
    let backend = RawBackend::start().await;
    let mut config = impatient(live(backend.address));
    config.limits.backend_silence = Duration::from_secs(60);
    let front = Front::start(config).await;
    let mut client = TestClient::connect_as(front.address, quick(), DROP_IN);
    let (stream, _) = backend.visit().await;
    assert_eq!(
        control(&mut client).await,
        Ok(Control::Opened(String::new()))
    );
    let flood = async {
        loop {
            // The client's own bound is 4 MiB, so it is filled in pieces that fit.
            if client.stats().await.outbox_bytes < 2 << 20 {
                client.send(vec![7; 1 << 20]).await;
            } else {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if front
                .metric("bridges_ended_total{by=\"backend-stalled\"}")
                .await
                == Some(1)
            {
                return;
            }
        }
    };
    support::in_time(flood).await;
    let Ok(Control::Closed { code, reason, .. }) = control(&mut client).await else {
        panic!("not closed")
    };
    assert_eq!(code, 4504);
    assert!(reason.starts_with("backend-stalled: "), "{reason}");
    drop(stream);
}

#[tokio::test]
async fn a_plain_client_loses_its_connection_as_its_backend_does() {
    let backend = RawBackend::start().await;
    let front = Front::before(backend.address).await;
    let mut socket = raw::RawSocket::open(front.address, "/live").await;
    socket.frame(0x81, b"hello").await;
    let (mut stream, _) = backend.visit().await;
    let mut frame = [0; 11];
    stream.read_exact(&mut frame).await.expect("the frame");
    drop(stream);
    assert_eq!(socket.hear().await, raw::Heard::End);
}
