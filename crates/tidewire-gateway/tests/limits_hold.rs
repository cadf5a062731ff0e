//! Each bound is held, and what exceeds it is refused by name.

mod support;

use std::time::Duration;

use futures_util::StreamExt;
use support::backend::Backend;
use support::client::{TestClient, only, quick};
use support::{DROP_IN, Front, in_time, live, plain, raw, refused};
use tidewire_gateway::{ConfigError, Gateway, GatewayConfig, GatewayLimits, Route};
use tidewire_proto::Transport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};

async fn limited(backend: &Backend, set: impl FnOnce(&mut GatewayLimits)) -> Front {
    let mut config = GatewayConfig::new([live(backend.address)]);
    set(&mut config.limits);
    Front::start(config).await
}

#[tokio::test]
async fn sessions_in_all_and_of_one_address() {
    let mut backend = Backend::start(&[]).await;
    for (set, code, name) in [
        (
            (|limits| limits.sessions = 1) as fn(&mut GatewayLimits),
            4503,
            "full",
        ),
        (|limits| limits.sessions_per_address = 1, 4429, "sessions"),
    ] {
        let front = limited(&backend, set).await;
        let mut first = TestClient::connect(front.address, quick());
        let _visit = backend.visit().await;
        first.connected().await;
        let mut second = TestClient::connect(front.address, only(Transport::WebSocket));
        let close = refused(&mut second).await;
        assert_eq!((close.code.0, close.name()), (code, name));
    }
    assert!(!backend.has_visit());
}

#[tokio::test]
async fn sessions_of_one_address_are_those_of_the_client_behind_a_trusted_proxy() {
    let mut backend = Backend::start(&[]).await;
    let mut config = GatewayConfig::new([live(backend.address)]);
    config.limits.sessions_per_address = 1;
    config.trusted_proxies = vec!["127.0.0.1".parse().expect("a network")];
    let front = Front::start(config).await;
    for (key, client, status) in [
        (1, "192.0.2.1", 200),
        (2, "192.0.2.2", 200),
        (3, "192.0.2.1", 429),
    ] {
        let hello = raw::hello(key, tidewire_proto::wire::HelloMode::Poll);
        let header = format!("X-Forwarded-For: {client}\r\n");
        let request = raw::post("/live", &header, &raw::packet(&hello, |_| ()));
        let answer = raw::exchange(front.address, &request)
            .await
            .expect("an answer");
        assert_eq!(answer.status, status, "{client}");
        if status == 200 {
            let visit = backend.visit().await;
            let forwarded = format!("{client}, 127.0.0.1");
            assert_eq!(visit.header("x-forwarded-for"), Some(forwarded.as_str()));
        }
    }
}

#[tokio::test]
async fn plain_web_sockets() {
    let mut backend = Backend::start(&["one"]).await;
    let front = limited(&backend, |limits| limits.plain = 1).await;
    let first = plain(front.address, "/live", "one").await.expect("open");
    let visit = backend.visit().await;
    match plain(front.address, "/live", "one").await {
        Err(Error::Http(response)) => {
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()["tidewire-error"], "full");
        }
        other => panic!("{:?}", other.map(|(_, chosen)| chosen)),
    }
    drop((first, visit));
    front.until_metric("plain_websockets", 0).await;
    plain(front.address, "/live", "one").await.expect("a place");
}

#[tokio::test]
async fn plain_web_sockets_of_one_address() {
    let mut backend = Backend::start(&["one"]).await;
    let front = limited(&backend, |limits| {
        limits.plain_per_address = 1;
        limits.plain_after = Duration::from_millis(10);
    })
    .await;
    let first = plain(front.address, "/live", "one").await.expect("open");
    let visit = backend.visit().await;
    match plain(front.address, "/live", "one").await {
        Err(Error::Http(response)) => {
            assert_eq!(response.status(), 429);
            assert_eq!(response.headers()["tidewire-error"], "plain");
            assert_eq!(response.headers()["retry-after"], "10");
        }
        other => panic!("{:?}", other.map(|(_, chosen)| chosen)),
    }
    // One that offers no sub-protocol is let in before its place is looked for.
    let (mut second, _) = plain(front.address, "/live", "").await.expect("open");
    match in_time(second.next()).await {
        Some(Ok(Message::Close(Some(frame)))) => {
            assert_eq!(u16::from(frame.code), 4429);
            assert!(frame.reason.starts_with("plain:"), "{}", frame.reason);
        }
        other => panic!("{other:?}"),
    }
    assert!(!backend.has_visit());
    // Sessions have a count of their own.
    let mut client = TestClient::connect(front.address, only(Transport::WebSocket));
    let _session = backend.visit().await;
    client.connected().await;

    drop((first, visit));
    front.until_metric("plain_websockets", 0).await;
    plain(front.address, "/live", "one").await.expect("a place");
}

#[tokio::test]
async fn plain_web_sockets_of_one_address_are_those_of_the_client_behind_a_trusted_proxy() {
    let backend = Backend::start(&["one"]).await;
    let mut config = GatewayConfig::new([live(backend.address)]);
    config.limits.plain_per_address = 1;
    config.trusted_proxies = vec!["127.0.0.1".parse().expect("a network")];
    let front = Front::start(config).await;
    let mut open = Vec::new();
    for (client, status) in [
        ("192.0.2.1", "101"),
        ("192.0.2.2", "101"),
        ("192.0.2.1", "429"),
    ] {
        let headers = format!("X-Forwarded-For: {client}\r\nSec-WebSocket-Protocol: one\r\n");
        let mut stream = TcpStream::connect(front.address).await.expect("connect");
        stream
            .write_all(&raw::handshake("/live", &headers))
            .await
            .expect("open");
        let mut line = [0; 12];
        in_time(stream.read_exact(&mut line)).await.expect("a line");
        assert_eq!(line, format!("HTTP/1.1 {status}").as_bytes(), "{client}");
        open.push(stream);
    }
}

#[tokio::test]
async fn the_length_of_messages_both_ways() {
    let mut backend = Backend::start(&[]).await;
    let front = limited(&backend, |limits| limits.message_bytes = 65_536).await;
    let mut client = TestClient::connect(front.address, quick());
    let mut visit = backend.visit().await;
    client.connected().await;
    client.send(vec![1; 65_536]).await;
    assert_eq!(visit.next().await.len(), 65_536);
    visit.send(vec![1; 65_536]).await;
    assert_eq!(client.message().await.len(), 65_536);
    visit.send(vec![1; 65_537]).await;
    let close = refused(&mut client).await;
    assert_eq!((close.code.0, close.name()), (1009, "backend-message"));
    assert_eq!(visit.closed().await.map(|(code, _)| code), Some(1009));

    // A client that takes less than the gateway is protected as well.
    let mut config = quick();
    config.limits = config.limits.max_message(1_000);
    let mut client = TestClient::connect_as(front.address, config, DROP_IN);
    let mut visit = backend.visit().await;
    assert_eq!(
        support::control(&mut client).await,
        Ok(support::Control::Opened(String::new()))
    );
    visit.send(vec![1; 1_001]).await;
    match support::control(&mut client).await {
        Ok(support::Control::Closed { code, .. }) => assert_eq!(code, 1009),
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_that_make_no_sense_are_named() {
    type Set = fn(&mut GatewayConfig);
    let build = |set: Set| {
        let mut config = GatewayConfig::new([Route::to("ws://a.test/").expect("a route")]);
        set(&mut config);
        Gateway::new(config)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let cases: [(Set, &str); 7] = [
        (|config| config.routes.clear(), "no route"),
        (
            |config| config.routes.extend(config.routes.clone()),
            "two routes",
        ),
        (|config| config.limits.plain = 0, "`plain`"),
        (
            |config| config.limits.plain_per_address = 0,
            "`plain_per_address`",
        ),
        (|config| config.limits.message_bytes = 1, "`max_message`"),
        (
            |config| config.limits.to_browser_bytes = 1 << 20,
            "`to_browser_bytes`",
        ),
        (|config| config.limits.connect = Duration::ZERO, "`connect`"),
    ];
    for (set, what) in cases {
        let error = build(set).expect_err(what);
        assert!(error.contains(what), "{error}");
    }
    assert!(build(|_| ()).is_ok());
    let missing = Route::to("wss://a.test/")
        .expect("a route")
        .ca_file("/no/such/file");
    assert!(matches!(
        Gateway::new(GatewayConfig::new([missing])),
        Err(ConfigError::Certificates { .. })
    ));
}

#[tokio::test]
async fn what_is_kept_for_browsers_that_are_away() {
    let mut backend = Backend::start(&[]).await;
    let front = limited(&backend, |limits| limits.away_bytes = 100_000).await;
    let client = TestClient::connect(front.address, only(Transport::WebSocket));
    let mut visit = backend.visit().await;
    client.send("here").await;
    assert_eq!(visit.text().await, "here");
    drop(client);
    for _ in 0..4 {
        visit.send(vec![1; 50_000]).await;
    }
    let ended = "ended: the gateway ended the session".to_owned();
    assert_eq!(visit.closed().await, Some((1001, ended)));
    assert_eq!(front.metric("sessions_evicted_total").await, Some(1));
}
