//! What is held for a session is bounded end to end: a slow side makes the other one wait, and memory is given back.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use support::client::{TestClient, only, quick};
use support::raw::{self, hello, packet};
use support::{Server, echo_session, eventually};
use tidewire_proto::wire::HelloMode;
use tidewire_proto::{Event, Transport};
use tidewire_server::{Hub, HubConfig, Payload, SendErrorKind, Session};
use tokio::sync::{Notify, mpsc};

/// Hands each session to the test.
fn to_the_test() -> (
    impl Fn(Session) -> std::future::Ready<()>,
    mpsc::UnboundedReceiver<Session>,
) {
    let (sessions, queue) = mpsc::unbounded_channel();
    let hand_over = move |session| {
        assert!(sessions.send(session).is_ok(), "the test runs");
        std::future::ready(())
    };
    (hand_over, queue)
}

#[tokio::test]
async fn what_is_not_taken_is_not_acknowledged_and_holds_the_sender_back() {
    let mut config = HubConfig::default();
    config.session.limits = config.session.limits.window(64 * 1024, 256);
    let (hand_over, mut sessions) = to_the_test();
    let server = Server::start(Hub::builder().config(config), hand_over).await;
    let mut settings = only(Transport::WebSocket);
    settings.limits = settings.limits.outbox(1 << 22, 2_000);
    let mut client = TestClient::connect(server.address, settings);
    client.connected().await;
    let mut session = sessions.recv().await.expect("a session");
    for number in 0..1_000_u32 {
        client.send(number.to_string().as_str()).await;
    }
    eventually("the window is full", || {
        session.handle().counts().received == 256
    })
    .await;
    assert_eq!(client.stats().await.messages_acknowledged, 0);

    for number in 0..1_000_u32 {
        let message = session.next().await.expect("a message");
        assert_eq!(message.as_text(), Some(number.to_string().as_str()));
    }
    client
        .until(|event| matches!(event, Event::Acknowledged(id) if id.0 == 1_000).then_some(()))
        .await;
}

#[tokio::test]
async fn a_client_that_is_away_makes_send_wait_and_hands_messages_back() {
    let mut config = HubConfig::default();
    config.session.limits = config.session.limits.outbox(1 << 20, 3);
    let (hand_over, mut sessions) = to_the_test();
    let server = Server::start(Hub::builder().config(config), hand_over).await;
    let mut client = TestClient::connect(server.address, only(Transport::WebSocket));
    client.connected().await;
    let mut session = sessions.recv().await.expect("a session");
    let receipt = session.send("first").await.expect("room");
    assert_eq!(client.text().await, "first");
    receipt.await.expect("the client has it");

    // Not one turn for the session's task in between: all three are in the outbox, and a fourth does not fit.
    for text in ["a", "b", "c"] {
        session.try_send(text).expect("room");
    }
    let full = session.try_send("d").expect_err("no room");
    assert_eq!(
        (full.payload, full.kind),
        (Payload::from("d"), SendErrorKind::Full)
    );
    // Waiting, by future and by sink, ends when the client has taken some.
    session.send("d").await.expect("room at last");
    session.feed(Payload::from("e")).await.expect("taken");
    session.feed(Payload::from("f")).await.expect("taken");
    session.feed(Payload::from("g")).await.expect("taken");
    session.flush().await.expect("room at last");
    for text in ["a", "b", "c", "d", "e", "f", "g"] {
        assert_eq!(client.text().await, text);
    }
    let too_large = session.try_send(vec![0; 2 << 20]).expect_err("too large");
    assert_eq!(too_large.kind, SendErrorKind::TooLarge { limit: 1 << 20 });
    client.close().await;
    assert_eq!(session.next().await, None);
    let closed = session.try_send("late").expect_err("closed");
    assert_eq!(
        (closed.payload, closed.kind),
        (Payload::from("late"), SendErrorKind::Closed)
    );
}

#[tokio::test]
async fn a_session_that_expires_returns_what_was_not_confirmed() {
    let mut config = HubConfig::default();
    config.session.life = Duration::from_secs(2);
    config.session.heartbeat = Duration::from_millis(500);
    config.session.heartbeat_grace = Duration::from_millis(500);
    config.session.max_hold = Duration::from_millis(500);
    let (hand_over, mut sessions) = to_the_test();
    let server = Server::start(Hub::builder().config(config), hand_over).await;
    let mut client = TestClient::connect(server.address, only(Transport::WebSocket));
    client.connected().await;
    let mut session = sessions.recv().await.expect("a session");
    drop(client);
    eventually("the client is away", || session.transport().is_none()).await;
    let receipt = session.send("into the void").await.expect("room");
    assert_eq!(session.next().await, None);
    let end = session.end().expect("an end");
    assert_eq!(end.unconfirmed.len(), 1);
    assert_eq!(end.unconfirmed[0].payload, Payload::from("into the void"));
    assert_eq!(receipt.await.expect_err("unconfirmed"), end);
    eventually("it leaves the registry", || {
        server.hub.metrics().sessions == 0
    })
    .await;
}

#[tokio::test]
async fn detached_sessions_are_evicted_oldest_first_and_told_so() {
    let mut config = HubConfig::default();
    config.detached_bytes = 250_000;
    let server = Server::start(Hub::builder().config(config), echo_session).await;
    let mut clients = Vec::new();
    for _ in 0..3_u8 {
        let mut client = TestClient::connect(server.address, only(Transport::WebSocket));
        client.connected().await;
        clients.push(client);
    }
    // One after the other goes away and leaves 100 kB behind.
    let ids: Vec<u64> = server
        .hub
        .sessions()
        .iter()
        .map(|session| session.id())
        .collect();
    for (client, id) in clients.into_iter().zip(&ids) {
        drop(client);
        let session = server
            .hub
            .sessions()
            .into_iter()
            .find(|session| session.id() == *id)
            .expect("the session");
        eventually("it is away", || session.transport().is_none()).await;
        session.try_send(vec![0; 100_000]).expect("room");
    }
    eventually("the oldest went", || server.hub.metrics().evicted == 1).await;
    let left: Vec<u64> = server
        .hub
        .sessions()
        .iter()
        .map(|session| session.id())
        .collect();
    assert_eq!(left, ids[1..]);
    assert!(server.hub.metrics().detached_bytes <= 250_000);
}

#[tokio::test]
async fn an_evicted_client_hears_the_reason() {
    let mut config = HubConfig::default();
    config.detached_bytes = 1_000;
    let server = Server::start(Hub::builder().config(config), echo_session).await;
    let opening = raw::post("/live", "", &packet(&hello(9, HelloMode::Poll), |_| {}));
    let mut first = raw::RawSocket::open(server.address, "/live").await;
    first
        .binary(&packet(&hello(9, HelloMode::Socket), |_| {}))
        .await;
    first.hear().await;
    drop(first);
    eventually("it is away", || {
        server.hub.sessions()[0].transport().is_none()
    })
    .await;
    server.hub.sessions()[0]
        .try_send(vec![0; 10_000])
        .expect("room");
    eventually("it is evicted", || server.hub.metrics().sessions == 0).await;
    let answer = raw::exchange(server.address, &opening)
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status, answer.header("tidewire-error")),
        (410, Some("evicted"))
    );
}

#[tokio::test]
async fn sessions_are_counted_in_all_and_by_address() {
    let mut config = HubConfig::default();
    config.max_sessions = 3;
    config.max_sessions_per_address = 2;
    let by_header: fn(&http::request::Parts) -> Option<std::net::IpAddr> =
        |parts| parts.headers.get("x-client")?.to_str().ok()?.parse().ok();
    let builder = Hub::builder().config(config).client_address(by_header);
    let server = Server::start(builder, echo_session).await;
    let ask = async |key: u8, address: &str| {
        let body = packet(&hello(key, HelloMode::Poll), |_| {});
        let request = raw::post("/live", &format!("X-Client: {address}\r\n"), &body);
        let answer = raw::exchange(server.address, &request)
            .await
            .expect("an answer");
        (
            answer.status,
            answer.header("retry-after").map(str::to_owned),
        )
    };
    assert_eq!(ask(1, "10.0.0.1").await, (200, None));
    assert_eq!(ask(2, "10.0.0.1").await, (200, None));
    assert_eq!(ask(3, "10.0.0.1").await, (429, Some("10".to_owned())));
    assert_eq!(ask(3, "10.0.0.2").await, (200, None));
    assert_eq!(ask(4, "10.0.0.3").await, (503, Some("10".to_owned())));
    // One that ends makes room.
    server.hub.sessions()[0].close(tidewire_server::CloseCode::NORMAL, "done");
    eventually("there is room", || server.hub.metrics().sessions == 2).await;
    assert_eq!(ask(5, "10.0.0.3").await, (200, None));
}

#[tokio::test]
async fn a_panic_in_one_handler_ends_its_session_only() {
    let server = Server::start(Hub::builder(), |mut session: Session| async move {
        while let Some(message) = session.next().await {
            assert_ne!(message.as_text(), Some("panic"), "as the test ordered");
            session.send(message).await.expect("open");
        }
    })
    .await;
    let mut bystander = TestClient::connect(server.address, quick());
    let mut victim = TestClient::connect(server.address, quick());
    bystander.send("one").await;
    assert_eq!(bystander.text().await, "one");
    victim.connected().await;
    victim.send("panic").await;
    victim
        .until(|event| matches!(event, Event::Lost { .. }).then_some(()))
        .await;
    victim.send("again").await;
    assert_eq!(victim.text().await, "again");
    bystander.send("two").await;
    assert_eq!(bystander.text().await, "two");
    assert_eq!(bystander.stats().await.sessions_lost, 0);
}

#[tokio::test]
async fn dropping_a_session_closes_it_after_what_was_sent() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&dropped);
    let go = Arc::new(Notify::new());
    let starting = Arc::clone(&go);
    let server = Server::start(Hub::builder(), move |session: Session| {
        let (counter, starting) = (Arc::clone(&counter), Arc::clone(&starting));
        async move {
            starting.notified().await;
            session.send("the last word").await.expect("open");
            drop(session);
            counter.fetch_add(1, Relaxed);
        }
    })
    .await;
    let mut client = TestClient::connect(server.address, only(Transport::LongPolling));
    client.connected().await;
    go.notify_one();
    assert_eq!(client.text().await, "the last word");
    client
        .until(|event| matches!(event, Event::Closed { .. }).then_some(()))
        .await;
    assert_eq!(dropped.load(Relaxed), 1);
}

#[test]
fn a_bound_that_clients_exceed_in_good_faith_is_not_taken() {
    let mut config = HubConfig::default();
    config.max_packet = 128 * 1024;
    assert_eq!(config.check(), Ok(()));
    config.max_packet -= 1;
    let error = config.check().expect_err("too small");
    assert_eq!(error.field, "max_packet");
}
