//! Whatever breaks a rule is refused by name before a backend hears of it, and a client reaches no backend but the configured ones.

mod support;

use support::backend::Backend;
use support::raw::{self, Heard, RawSocket};
use support::{Front, live};
use tidewire_gateway::{GatewayConfig, Route};
use tidewire_proto::wire::HelloMode;
use tidewire_server::Origins;

const OFFERS: &str = "Sec-WebSocket-Protocol: one\r\n";

#[tokio::test]
async fn a_handshake_that_breaks_a_rule_is_answered_with_its_name() {
    let backend = Backend::start(&[]).await;
    let mut config = GatewayConfig::new([live(backend.address)]);
    config.hosts = vec!["localhost".to_owned()];
    config.origins = Origins::same().and("https://app.test").expect("an origin");
    let front = Front::start(config).await;
    let good = String::from_utf8(raw::handshake("/live", OFFERS)).expect("text");
    for (from, to, status, name) in [
        ("/live ", "/other ", 404, "route"),
        ("/live ", "/liver ", 404, "route"),
        ("/live ", "/live/../admin ", 400, "path"),
        ("/live ", "/live/%2e%2E/admin ", 400, "path"),
        ("/live ", "/live//evil.test/ ", 400, "path"),
        ("/live ", "//evil.test/live ", 400, "path"),
        ("localhost", "evil.test", 421, "host"),
        ("Upgrade: websocket", "Upgrade: h2c", 426, "upgrade"),
        ("Version: 13", "Version: 7", 426, "websocket-version"),
        ("dGhl", "d", 400, "bad-key"),
        ("Protocol: one", "Protocol: ,", 400, "sub-protocol"),
        (OFFERS, "Origin: https://evil.test\r\n", 403, "origin"),
        (OFFERS, "Origin: null\r\n", 403, "origin"),
        (
            OFFERS,
            "Origin: https://app.test\r\nOrigin: https://app.test\r\n",
            400,
            "origin",
        ),
    ] {
        let request = good.replace(from, to);
        assert_ne!(request, good);
        let answer = raw::exchange(front.address, request.as_bytes()).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, status, "{to}");
        assert_eq!(answer.header("tidewire-error"), Some(name), "{to}");
        assert!(answer.text().starts_with(name), "{}", answer.text());
    }
    assert!(!backend.has_visit());
    assert_eq!(front.metric("dials_total{outcome=\"opened\"}").await, None);
    assert_eq!(
        front
            .metric("requests_refused_total{reason=\"origin\"}")
            .await,
        Some(3)
    );
}

#[tokio::test]
async fn an_exchange_that_breaks_a_rule_is_answered_with_its_name() {
    let backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    let good = raw::packet(&raw::hello(1, HelloMode::Poll), |_| ());
    for (path, headers, body, status, name) in [
        ("/live", "", &b""[..], 400, "empty"),
        ("/live", "", b"\xff", 400, "type"),
        ("/live", "", &[1, 2], 426, "version"),
        (
            "/live",
            "Content-Type: text/plain\r\n",
            &good,
            415,
            "content-type",
        ),
        (
            "/live",
            "Origin: https://evil.test\r\n",
            &good,
            403,
            "origin",
        ),
        ("/live/%5c", "", &good, 400, "path"),
        ("/", "", &good, 404, "route"),
    ] {
        let request = raw::post(path, headers, body);
        let answer = raw::exchange(front.address, &request)
            .await
            .expect("an answer");
        assert_eq!(answer.status, status, "{name} {}", answer.text());
        assert_eq!(answer.header("tidewire-error"), Some(name));
    }
    let get = b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = raw::exchange(front.address, get).await.expect("an answer");
    assert_eq!(answer.status, 405);
    assert!(!backend.has_visit());
}

#[tokio::test]
async fn a_request_names_no_backend() {
    let mut ours = Backend::start(&[]).await;
    let other = Backend::start(&[]).await;
    let route = Route::new("/live", &format!("ws://{}/base", ours.address)).expect("a route");
    let front = Front::start(GatewayConfig::new([route])).await;
    // In the absolute form the client names a host, which is only a name of the gateway.
    let target = format!("http://{}/live/x", other.address);
    let headers = format!(
        "{OFFERS}X-Forwarded-Host: {0}\r\nForwarded: host={0}\r\n",
        other.address
    );
    let answer = raw::exchange(front.address, &raw::handshake(&target, &headers)).await;
    assert_eq!(answer.expect("an answer").status, 101);
    let visit = ours.visit().await;
    assert_eq!(visit.head.uri().path(), "/base/x");
    assert!(!other.has_visit());
}

#[tokio::test]
async fn a_session_that_breaks_the_protocol_ends_its_carrier_and_not_its_backend() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    let mut hello = raw::hello(1, HelloMode::Socket);
    let mut socket = RawSocket::open(front.address, "/live").await;
    socket.binary(&raw::packet(&hello, |_| ())).await;
    let mut visit = backend.visit().await;
    socket.binary(&[0xff]).await;
    assert!(matches!(
        socket.hear_close().await,
        Heard::Close { code: 4400, .. }
    ));
    // It comes back to the same backend.
    (hello.attach, hello.resume) = (2, true);
    let mut socket = RawSocket::open(front.address, "/live").await;
    let packet = raw::packet(&hello, |writer| {
        writer.seek(tidewire_proto::wire::Position::default());
        writer.message(true, b"still here");
    });
    socket.binary(&packet).await;
    assert_eq!(visit.text().await, "still here");
    assert!(!backend.has_visit());
}
