//! `/connections/live` of tidewire-echo pushes the list of `/connections` at each change, and at nothing else.

mod support;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::client::{TestClient, only};
use support::echo::Echo;
use support::raw::{self, RawSocket, hello, packet};
use tidewire_proto::Transport;
use tidewire_proto::wire::HelloMode;

async fn watch(echo: &Echo, transport: Transport) -> TestClient {
    TestClient::connect_to(echo.address, "/connections/live", only(transport))
}

async fn pushed(watcher: &mut TestClient) -> Value {
    serde_json::from_str(&watcher.text().await).expect("JSON")
}

/// The first list in which there are so many of an endpoint, away ones included.
async fn until(watcher: &mut TestClient, endpoint: &str, many: usize) -> Value {
    loop {
        let list = pushed(watcher).await;
        if count(&list, "connections", endpoint) + count(&list, "away", endpoint) == many {
            return list;
        }
    }
}

fn count(list: &Value, part: &str, endpoint: &str) -> usize {
    let lines = list[part].as_array().expect("a list");
    lines
        .iter()
        .filter(|line| line["endpoint"] == endpoint)
        .count()
}

/// No list comes for a while that is long for the server.
async fn silent(watcher: &mut TestClient) {
    let more = tokio::time::timeout(Duration::from_millis(1_500), watcher.text()).await;
    assert!(more.is_err(), "pushed without a change: {more:?}");
}

#[tokio::test]
async fn it_grows_and_shrinks_at_once_on_each_transport() {
    let echo = Echo::start(&[]);
    for transport in Transport::ALL {
        let mut watcher = watch(&echo, transport).await;
        let first = until(&mut watcher, "connections", 1).await;
        assert_eq!(count(&first, "connections", "message"), 0);

        let started = Instant::now();
        let plain = RawSocket::open(echo.address, "/message").await;
        until(&mut watcher, "message", 1).await;
        let mut live = TestClient::connect(echo.address, only(Transport::LongPolling));
        until(&mut watcher, "live", 1).await;
        let mut listener = TestClient::connect_to(echo.address, "/news", only(transport));
        until(&mut watcher, "news", 1).await;
        drop(plain);
        until(&mut watcher, "message", 0).await;
        live.close().await;
        until(&mut watcher, "live", 0).await;
        listener.close().await;
        let last = until(&mut watcher, "news", 0).await;
        // By the clock, a list a second or so would be late already.
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{transport:?}: {:?}",
            started.elapsed()
        );
        assert_eq!(last["unlisted"], 0);
        watcher.close().await;
    }
}

#[tokio::test]
async fn it_is_what_a_get_answers() {
    let echo = Echo::start(&["--ticker", "off"]);
    let _plain = RawSocket::open(echo.address, "/message").await;
    let mut watcher = watch(&echo, Transport::WebSocket).await;
    watcher.connected().await;
    let pushed = loop {
        let list = pushed(&mut watcher).await;
        if count(&list, "connections", "connections") == 1 {
            break list;
        }
    };
    assert_eq!(pushed, echo.connections().await);
}

#[tokio::test]
async fn a_push_is_no_change_and_neither_is_what_is_said_to_others() {
    for transport in Transport::ALL {
        let echo = Echo::start(&["--ticker", "10ms"]);
        let mut listener = TestClient::connect_to(echo.address, "/news", only(transport));
        listener.connected().await;
        let mut watcher = watch(&echo, transport).await;
        watcher.connected().await;
        // The first ones, in which it finds itself.
        let mut lists = 0;
        while tokio::time::timeout(Duration::from_millis(500), watcher.text())
            .await
            .is_ok()
        {
            lists += 1;
            assert!(lists < 5, "each push brings the next one");
        }
        silent(&mut watcher).await;
    }
}

#[tokio::test]
async fn changes_of_counts_alone_are_pushed_each_second() {
    let echo = Echo::start(&["--ticker", "off"]);
    let mut watcher = watch(&echo, Transport::WebSocket).await;
    let mut plain = RawSocket::open(echo.address, "/message").await;
    until(&mut watcher, "message", 1).await;
    let started = Instant::now();
    let mut lists = 0;
    let mut said: u64 = 0;
    while started.elapsed() < Duration::from_millis(2_500) {
        plain.frame(0x81, b"one more").await;
        plain.hear().await;
        said += 1;
        while tokio::time::timeout(Duration::from_millis(1), watcher.text())
            .await
            .is_ok()
        {
            lists += 1;
        }
    }
    let most = started.elapsed().as_secs() + 2;
    assert!((1..=most).contains(&lists), "{lists} lists");
    loop {
        let list = pushed(&mut watcher).await;
        let lines = list["connections"].as_array().expect("a list");
        let line = lines.iter().find(|line| line["endpoint"] == "message");
        if line.expect("the socket")["messages"] == said {
            break;
        }
    }
}

#[tokio::test]
async fn many_changes_are_a_few_lists() {
    let echo = Echo::start(&["--ticker", "off"]);
    let mut watcher = watch(&echo, Transport::WebSocket).await;
    until(&mut watcher, "connections", 1).await;
    let started = Instant::now();
    let mut sockets = Vec::new();
    for _ in 0..100 {
        sockets.push(RawSocket::open(echo.address, "/message").await);
    }
    let mut lists: u128 = 1;
    while count(&pushed(&mut watcher).await, "connections", "message") < 100 {
        lists += 1;
    }
    let most = started.elapsed().as_millis() / 100 + 2;
    assert!(lists <= most, "{lists} lists in {:?}", started.elapsed());
}

#[tokio::test]
async fn a_watcher_that_does_not_read_holds_nobody_back_and_costs_one_list() {
    let echo = Echo::start(&["--ticker", "off"]);
    let mut deaf = RawSocket::open(echo.address, "/connections/live").await;
    deaf.binary(&packet(&hello(1, HelloMode::Socket), |_| {}))
        .await;
    let mut watcher = watch(&echo, Transport::WebSocket).await;
    until(&mut watcher, "connections", 2).await;
    for _ in 0..10 {
        let socket = RawSocket::open(echo.address, "/message").await;
        until(&mut watcher, "message", 1).await;
        drop(socket);
        until(&mut watcher, "message", 0).await;
    }
    // It acknowledged nothing, so the first list is all that there is: then the connection is quiet.
    let mut heard = 0;
    while let Ok(raw::Heard::Binary(packet)) =
        tokio::time::timeout(Duration::from_millis(300), deaf.hear()).await
    {
        heard += String::from_utf8_lossy(&packet)
            .matches("\"unlisted\"")
            .count();
    }
    assert_eq!(heard, 1, "lists to one that acknowledged none");
}

#[tokio::test]
async fn watchers_have_a_bound() {
    let echo = Echo::start(&["--ticker", "off"]);
    for key in 0..256_u16 {
        let opening = packet(&hello(1, HelloMode::Poll), |_| {});
        let request = raw::post(
            "/connections/live",
            "",
            &support::bad::rekeyed(opening, key),
        );
        let answer = raw::exchange(echo.address, &request).await;
        assert_eq!(answer.expect("an answer").status, 200, "{key}");
    }
    let opening = packet(&hello(1, HelloMode::Poll), |_| {});
    let request = raw::post(
        "/connections/live",
        "",
        &support::bad::rekeyed(opening, 999),
    );
    let answer = raw::exchange(echo.address, &request).await;
    let answer = answer.expect("an answer");
    assert_eq!(
        (answer.status, answer.header("tidewire-error")),
        (503, Some("full"))
    );
}
