//! Exactly once and in order, both ways, on each transport and through each fault.

mod support;

use std::time::Duration;

use support::client::{TestClient, only, quick};
use support::echo::Echo;
use support::rationed::Rationed;
use support::raw::PATIENCE;
use support::{Server, eventually};
use tidewire_proto::{ClientConfig, Transport};

/// Sends numbered messages and expects their echoes, each once and in order.
async fn converse(client: &mut TestClient, messages: u32) {
    for number in 0..messages {
        client.send(number.to_string().as_str()).await;
    }
    for number in 0..messages {
        assert_eq!(client.text().await, number.to_string());
    }
}

#[tokio::test]
async fn each_transport_carries_everything_once_and_in_order() {
    let server = Server::echo().await;
    for transport in Transport::ALL {
        let mut client = TestClient::connect(server.address, only(transport));
        assert!(
            matches!((client.connected().await, transport), (a, b) if a.is_http() == b.is_http())
        );
        converse(&mut client, 500).await;
        client.close().await;
    }
    eventually("all sessions are closed", || {
        server.hub.metrics().ended == 3
    })
    .await;
    assert_eq!(server.hub.metrics().messages_received, 1_500);
}

#[tokio::test]
async fn a_large_message_goes_on_where_the_cut_was() {
    const LENGTH: usize = 1_000_000;
    // No connection carries a third of it, so at least three cuts fall inside the message, and three inside its echo.
    const RATION: usize = 300_000;

    let server = Server::echo().await;
    let proxy = Rationed::start(server.address, RATION).await;
    let mut client = TestClient::connect(proxy.address, only(Transport::WebSocket));
    let large: Vec<u8> = (0..LENGTH).map(|n| (n / 251) as u8).collect();
    client.send(large.clone()).await;
    // A message that began again after each cut would never arrive.
    let echo = tokio::time::timeout(PATIENCE, client.message()).await;
    let traffic = proxy.traffic();
    let echo = echo.unwrap_or_else(|_| panic!("no echo after {traffic:?}"));

    assert_eq!(echo.as_bytes(), large);
    let counts = server.hub.sessions()[0].counts();
    assert_eq!((counts.received, counts.sent), (1, 1));
    for passed in [traffic.up, traffic.down] {
        assert!(passed.cuts >= LENGTH / RATION, "{traffic:?}");
    }
}

async fn through(fault: &str, settings: &str, config: ClientConfig, messages: u32) -> u64 {
    let echo = Echo::start(&["--faults"]);
    echo.order(fault, settings).await;
    let mut client = TestClient::connect(echo.address, config);
    for round in 0..messages {
        client.send(round.to_string().as_str()).await;
        if round % 10 == 9 {
            for number in round - 9..=round {
                assert_eq!(client.text().await, number.to_string(), "{fault}");
            }
        }
    }
    echo.order("clear", "").await;
    echo.hits(fault).await
}

#[tokio::test]
async fn lost_answers_cost_nothing() {
    let hits = through(
        "drop-responses",
        r#"{"every": 3}"#,
        only(Transport::LongPolling),
        100,
    )
    .await;
    assert!(hits >= 3, "{hits}");
}

#[tokio::test]
async fn repeated_requests_cost_nothing() {
    let hits = through("duplicate-requests", "", only(Transport::LongPolling), 100).await;
    assert!(hits >= 10, "{hits}");
    let hits = through(
        "duplicate-requests",
        r#"{"every": 2}"#,
        only(Transport::Polling),
        50,
    )
    .await;
    assert!(hits >= 5, "{hits}");
}

#[tokio::test]
async fn resets_after_messages_cost_nothing() {
    for transport in Transport::ALL {
        let hits = through("cut-messages", r#"{"every": 7}"#, only(transport), 100).await;
        assert!(hits >= 10, "{transport:?} {hits}");
    }
}

#[tokio::test]
async fn resets_in_intervals_cost_nothing() {
    let echo = Echo::start(&["--faults"]);
    echo.order("cut-interval", r#"{"millis": 20}"#).await;
    let mut client = TestClient::connect(echo.address, quick());
    while echo.hits("cut-interval").await < 30 {
        converse(&mut client, 50).await;
    }
    assert!(client.stats().await.reconnects >= 1);
    assert_eq!(client.stats().await.sessions_lost, 0);
}

#[tokio::test]
async fn delay_costs_time_only() {
    for transport in Transport::ALL {
        let hits = through("delay", r#"{"millis": 30}"#, only(transport), 40).await;
        assert!(hits >= 1, "{transport:?} {hits}");
    }
}

#[tokio::test]
async fn refused_and_swallowed_and_silent_upgrades_lead_to_http_and_back_to_websocket() {
    for fault in ["refuse-upgrades", "black-hole-upgrades", "silent-upgrades"] {
        let echo = Echo::start(&["--faults"]);
        echo.order(fault, "").await;
        let mut config = quick();
        config.handshake_timeout = Duration::from_millis(500);
        let mut client = TestClient::connect(echo.address, config);
        assert_eq!(client.connected().await, Transport::LongPolling, "{fault}");
        converse(&mut client, 20).await;
        assert!(echo.hits(fault).await >= 1);

        echo.order("clear", "").await;
        client.moved_to(Transport::WebSocket).await;
        converse(&mut client, 20).await;
    }
}

#[tokio::test]
async fn a_half_open_connection_is_found_and_left() {
    let echo = Echo::start(&["--faults"]);
    let mut config = quick();
    config.silence = Duration::from_millis(300);
    config.probe_timeout = Duration::from_millis(300);
    let mut client = TestClient::connect(echo.address, config);
    client.moved_to(Transport::WebSocket).await;
    converse(&mut client, 5).await;
    echo.order("half-open", "").await;
    converse(&mut client, 5).await;
    assert_eq!(client.stats().await.reconnects, 1);
}

#[tokio::test]
async fn a_forgotten_session_is_reported_and_a_new_one_begins() {
    let echo = Echo::start(&["--faults"]);
    let mut client = TestClient::connect(echo.address, quick());
    client.moved_to(Transport::WebSocket).await;
    converse(&mut client, 5).await;
    echo.order("forget", "").await;
    client
        .until(|event| matches!(event, tidewire_proto::Event::Lost { .. }).then_some(()))
        .await;
    converse(&mut client, 5).await;
    assert_eq!(client.stats().await.sessions_lost, 1);
}

#[tokio::test]
async fn orders_are_refused_unless_asked_for_at_the_start() {
    let echo = Echo::start(&[]);
    let answer = echo.post("/faults/cut", "").await;
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("--faults"));
    assert_eq!(echo.get("/faults", "").await.status, 403);

    let willing = Echo::start(&["--faults", "--fault", "refuse-upgrades:status=429,times=1"]);
    assert_eq!(willing.post("/faults/nothing", "").await.status, 404);
    assert_eq!(
        willing
            .post("/faults/delay", r#"{"millis": 0}"#)
            .await
            .status,
        400
    );
    assert_eq!(willing.post("/faults/delay", "{").await.status, 400);
    let upgrade = support::raw::handshake("/live", "");
    assert_eq!(
        support::raw::exchange(willing.address, &upgrade)
            .await
            .expect("an answer")
            .status,
        429
    );
    assert_eq!(
        support::raw::exchange(willing.address, &upgrade)
            .await
            .expect("an answer")
            .status,
        101
    );
    let foreign = support::raw::post("/faults/cut", "Origin: https://evil.example\r\n", b"");
    assert_eq!(
        support::raw::exchange(willing.address, &foreign)
            .await
            .expect("an answer")
            .status,
        403
    );
}
