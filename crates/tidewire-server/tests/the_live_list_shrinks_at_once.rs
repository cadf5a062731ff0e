//! `/connections` of tidewire-echo lists who is connected, and only them.

mod support;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::client::{TestClient, only};
use support::echo::Echo;
use support::raw::RawSocket;
use tidewire_proto::Transport;

async fn list_of(echo: &Echo, length: usize) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let list = echo.connections().await["connections"]
            .as_array()
            .expect("a list")
            .clone();
        if list.len() == length {
            return list;
        }
        assert!(
            Instant::now() < deadline,
            "{length} connections were expected: {list:?}"
        );
    }
}

#[tokio::test]
async fn it_grows_and_shrinks_with_plain_sockets() {
    let echo = Echo::start(&[]);
    let mut first = RawSocket::open(echo.address, "/message").await;
    first.frame(0x81, b"one").await;
    first.hear().await;
    let second = RawSocket::open(echo.address, "/message").await;
    let list = list_of(&echo, 2).await;
    assert_eq!(list[0]["messages"], 1);
    assert_eq!(list[0]["transport"], "WebSocket");

    drop(first);
    let list = list_of(&echo, 1).await;
    assert_eq!(list[0]["messages"], 0);
    drop(second);
    list_of(&echo, 0).await;
}

#[tokio::test]
async fn a_plain_socket_that_gives_no_sign_of_life_leaves_it() {
    let echo = Echo::start(&["--heartbeat", "1s"]);
    let mut silent = RawSocket::open(echo.address, "/message").await;
    let mut alive = RawSocket::open(echo.address, "/message").await;
    list_of(&echo, 2).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while echo.connections().await["connections"]
        .as_array()
        .map(Vec::len)
        != Some(1)
    {
        assert!(Instant::now() < deadline, "both are still there");
        // What the live one says is echoed; the silent one is pinged, and says nothing.
        alive.frame(0x81, b"here").await;
        alive.hear().await;
    }
    alive.frame(0x81, b"still here").await;
    alive.hear().await;
    drop(silent.hear_close().await);
}

#[tokio::test]
async fn it_shows_sessions_with_their_transport_and_drops_them_when_they_close() {
    let echo = Echo::start(&[]);
    let mut clients = Vec::new();
    for transport in Transport::ALL {
        let mut client = TestClient::connect(echo.address, only(transport));
        client.connected().await;
        client.send("hello").await;
        assert_eq!(client.text().await, "hello");
        clients.push(client);
    }
    let list = list_of(&echo, 3).await;
    let mut transports: Vec<_> = list
        .iter()
        .map(|line| line["transport"].as_str().expect("a name"))
        .collect();
    transports.sort_unstable();
    assert_eq!(transports, ["LongPolling", "Polling", "WebSocket"]);
    assert!(
        list.iter()
            .all(|line| line["messages"] == 1 && line["endpoint"] == "live")
    );

    for client in &mut clients {
        client.close().await;
    }
    list_of(&echo, 0).await;
    assert_eq!(
        echo.connections().await["away"].as_array().map(Vec::len),
        Some(0)
    );
}

#[tokio::test]
async fn a_client_that_vanishes_is_away_and_no_longer_connected() {
    let echo = Echo::start(&[]);
    let mut client = TestClient::connect(echo.address, only(Transport::WebSocket));
    client.connected().await;
    list_of(&echo, 1).await;
    drop(client);
    list_of(&echo, 0).await;
    assert_eq!(echo.connections().await["away"][0]["state"], "away");
}

#[tokio::test]
async fn people_get_a_page() {
    let echo = Echo::start(&[]);
    let answer = echo.get("/connections", "Accept: text/html\r\n").await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(answer.text().contains("0 connected, 0 away"));
}
