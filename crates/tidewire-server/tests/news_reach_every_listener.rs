//! `/news` of tidewire-echo: the server speaks, and everybody who listens hears it once and in order, on each transport.

mod support;

use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use support::client::{TestClient, only};
use support::echo::Echo;
use support::raw::{self, RawSocket};
use tidewire_proto::Transport;

async fn listeners(echo: &Echo) -> Vec<TestClient> {
    let mut clients = Vec::new();
    for transport in Transport::ALL {
        let mut client = TestClient::connect_to(echo.address, "/news", only(transport));
        client.connected().await;
        clients.push(client);
    }
    clients
}

async fn news(client: &mut TestClient) -> Value {
    serde_json::from_str(&client.text().await).expect("JSON")
}

/// The clock of this machine, which is the server's too.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.expect("a clock").as_secs_f64() * 1_000.0
}

#[tokio::test]
async fn the_ticker_is_heard_on_each_transport_and_numbers_grow_by_one() {
    let before = now();
    let echo = Echo::start(&["--ticker", "20ms"]);
    let mut latest = 0.0;
    for client in &mut listeners(&echo).await {
        let first = news(client).await["number"].as_u64().expect("a number");
        for number in first + 1..first + 20 {
            let item = news(client).await;
            assert_eq!(item["number"], number);
            assert_eq!((&item["kind"], &item["text"]), (&"tick".into(), &"".into()));
            let at = item["at"].as_f64().expect("a time");
            assert!(at > before && at <= now(), "{at}");
            latest = f64::max(latest, at);
        }
    }
    assert!(latest > before);
}

#[tokio::test]
async fn a_broadcast_is_news_to_each_listener_and_counts_them() {
    let echo = Echo::start(&["--ticker", "off"]);
    let mut clients = listeners(&echo).await;
    let answer = echo.post("/broadcast", "to \"all\" of you").await;
    assert_eq!(answer.text(), r#"{"reached":3,"refused":0}"#);
    let answer = echo.post("/broadcast", "again").await;
    assert_eq!(answer.text(), r#"{"reached":3,"refused":0}"#);
    for client in &mut clients {
        for (number, text) in [(1, "to \"all\" of you"), (2, "again")] {
            let item = news(client).await;
            assert_eq!(item["number"], number);
            assert_eq!(item["kind"], "push");
            assert_eq!(item["text"], text);
        }
    }
    // What is not text is no news.
    let binary = raw::post("/broadcast", "", &[0xff, 0xfe]);
    let answer = raw::exchange(echo.address, &binary).await;
    assert_eq!(
        answer.expect("an answer").text(),
        r#"{"reached":0,"refused":0}"#
    );
    assert_eq!(echo.json("/news/latest").await["latest"]["number"], 2);
}

#[tokio::test]
async fn what_a_listener_says_is_taken_and_not_answered() {
    let echo = Echo::start(&["--ticker", "off"]);
    for transport in Transport::ALL {
        let mut client = TestClient::connect_to(echo.address, "/news", only(transport));
        client.connected().await;
        let id = client.send("is anybody there?").await;
        client
            .until(|event| match event {
                tidewire_proto::Event::Acknowledged(upto) => (*upto >= id).then_some(()),
                tidewire_proto::Event::Message { payload, .. } => panic!("{payload:?}"),
                _ => None,
            })
            .await;
    }
}

#[tokio::test]
async fn the_latest_is_answered_at_once() {
    let echo = Echo::start(&["--ticker", "0"]);
    let before = now();
    let none = echo.get("/news/latest", "").await;
    assert_eq!(none.header("cache-control"), Some("no-store"));
    let none: Value = serde_json::from_slice(&none.body).expect("JSON");
    assert!(none["latest"].is_null());
    let clock = none["now"].as_f64().expect("a time");
    assert!(clock >= before.floor() && clock <= now(), "{clock}");

    echo.post("/broadcast", "the latest").await;
    let latest = echo.json("/news/latest").await;
    assert_eq!(latest["latest"]["number"], 1);
    assert_eq!(latest["latest"]["text"], "the latest");
    assert!(latest["latest"]["at"].as_f64() <= latest["now"].as_f64());
}

#[tokio::test]
async fn the_length_of_the_request_is_told() {
    let echo = Echo::start(&[]);
    for head in [
        "GET /news/latest HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /news/latest?a=b HTTP/1.1\r\nHOST: localhost\r\nCookie: a=b\r\nX: 1\r\nx: 2\r\n\r\n",
    ] {
        let answer = raw::exchange(echo.address, head.as_bytes()).await;
        let body = answer.expect("an answer").body;
        let told: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(told["request_bytes"], head.len());
    }
}

#[tokio::test]
async fn faults_do_not_reach_it() {
    let echo = Echo::start(&["--faults", "--ticker", "20ms"]);
    for (fault, settings) in [
        ("refuse-upgrades", ""),
        ("drop-responses", ""),
        ("unreachable", r#"{"millis": 60000}"#),
    ] {
        echo.order(fault, settings).await;
    }
    let mut clients = listeners(&echo).await;
    for order in ["cut", "half-open", "forget"] {
        echo.order(order, "").await;
        for client in &mut clients {
            news(client).await;
        }
    }
    for client in &mut clients {
        let stats = client.stats().await;
        assert_eq!((stats.reconnects, stats.sessions_lost), (0, 0));
    }
}

#[tokio::test]
async fn who_does_not_listen_any_more_holds_nobody_back() {
    let echo = Echo::start(&["--ticker", "5ms"]);
    // These open a session and never read again.
    let mut deaf = Vec::new();
    for key in 1..=20 {
        let mut socket = RawSocket::open(echo.address, "/news").await;
        let hello = raw::hello(key, tidewire_proto::wire::HelloMode::Socket);
        socket.binary(&raw::packet(&hello, |_| {})).await;
        deaf.push(socket);
    }
    let mut client = TestClient::connect_to(echo.address, "/news", only(Transport::WebSocket));
    let first = news(&mut client).await["number"]
        .as_u64()
        .expect("a number");
    let started = Instant::now();
    for number in first + 1..first + 100 {
        assert_eq!(news(&mut client).await["number"], number);
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}
