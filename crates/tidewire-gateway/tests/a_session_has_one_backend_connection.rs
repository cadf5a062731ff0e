//! Each session has one connection to its backend: opened with it, kept while the browser is away, whatever carries the session.

mod support;

use support::backend::Backend;
use support::client::{TestClient, only, quick};
use support::{Front, raw};
use tidewire_proto::wire::HelloMode;
use tidewire_proto::{Payload, Transport};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn each_transport_carries_text_and_binary_in_order() {
    let front = Front::before(Backend::echo().await).await;
    for transport in Transport::ALL {
        let mut client = TestClient::connect(front.address, only(transport));
        for number in 0..200_u32 {
            match number % 2 {
                0 => client.send(number.to_string().as_str()).await,
                _ => client.send(number.to_be_bytes().to_vec()).await,
            };
        }
        for number in 0..200_u32 {
            let expected = match number % 2 {
                0 => Payload::from(number.to_string()),
                _ => Payload::from(number.to_be_bytes().to_vec()),
            };
            assert_eq!(client.message().await, expected, "{transport:?}");
        }
        client.close().await;
    }
    front
        .until_metric("dials_total{outcome=\"opened\"}", 3)
        .await;
    front.until_metric("bridges", 0).await;
}

#[tokio::test]
async fn the_connection_stays_while_the_browser_is_away() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    let mut client = TestClient::connect(front.address, quick());
    let mut visit = backend.visit().await;
    for round in 0..20 {
        client.send(format!("up {round}").as_str()).await;
        client.cut();
        visit.send(format!("down {round}").as_str()).await;
        assert_eq!(visit.text().await, format!("up {round}"));
        assert_eq!(client.text().await, format!("down {round}"));
    }
    assert!(!backend.has_visit(), "another connection was opened");
    assert_eq!(front.metric("sessions_created_total").await, Some(1));
    assert!(client.stats().await.reconnects >= 1);
}

#[tokio::test]
async fn long_messages_pass_in_one_piece() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    let mut client = TestClient::connect(front.address, quick());
    let mut visit = backend.visit().await;
    for length in [0, 125, 126, 65_535, 65_536, 1_000_000] {
        let message = "x".repeat(length);
        client.send(message.as_str()).await;
        assert_eq!(
            visit.next().await,
            Message::text(message.clone()),
            "{length}"
        );
        visit.send(message.clone().into_bytes()).await;
        assert_eq!(client.message().await, Payload::from(message.into_bytes()));
    }
}

#[tokio::test]
async fn the_backend_learns_who_asks_for_what() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    let headers = "Cookie: sid=1\r\nAuthorization: Bearer x\r\nX-Forwarded-For: 203.0.113.9\r\n\
                   Forwarded: for=203.0.113.9\r\nX-Other: 1\r\nTE: trailers\r\n";
    let body = raw::packet(&raw::hello(1, HelloMode::Poll), |_| ());
    let request = raw::post("/live/room/7?token=secret&x=%20", headers, &body);
    let answer = raw::exchange(front.address, &request)
        .await
        .expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let visit = backend.visit().await;
    assert_eq!(visit.head.uri(), "/room/7?token=secret&x=%20");
    assert_eq!(
        visit.header("host"),
        Some(backend.address.to_string().as_str())
    );
    assert_eq!(visit.header("cookie"), Some("sid=1"));
    assert_eq!(visit.header("authorization"), Some("Bearer x"));
    assert_eq!(visit.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(
        visit.header("forwarded"),
        Some("for=127.0.0.1;host=\"localhost\";proto=http")
    );
    for name in [
        "x-other",
        "te",
        "content-length",
        "sec-websocket-extensions",
    ] {
        assert_eq!(visit.header(name), None, "{name}");
    }
}
