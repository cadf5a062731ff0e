//! `Hub::changes` tells that sessions came, moved, lost their client or went, and says nothing of messages.

mod support;

use std::time::Duration;

use support::client::{TestClient, only};
use support::raw::PATIENCE;
use support::{Server, eventually};
use tidewire_proto::Transport;
use tidewire_server::{Changes, Hub};

/// Waits until the sessions of the hub are as described, asking only when a change is told.
async fn until(hub: &Hub, changes: &mut Changes, what: &str, holds: impl Fn(&Hub) -> bool) {
    let wait = async {
        while !holds(hub) {
            changes.changed().await.expect("the hub is there");
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("never told: {what}"));
}

fn attached(hub: &Hub) -> Vec<Option<Transport>> {
    hub.sessions()
        .iter()
        .map(|session| session.transport())
        .collect()
}

#[tokio::test]
async fn who_comes_is_away_comes_back_and_goes_is_told() {
    let server = Server::echo().await;
    let mut changes = server.hub.changes();
    for transport in Transport::ALL {
        let mut client = TestClient::connect(server.address, only(transport));
        until(&server.hub, &mut changes, "it is attached", |hub| {
            attached(hub) == [Some(transport)]
        })
        .await;
        client.connected().await;
        client.close().await;
        until(&server.hub, &mut changes, "it is gone", |hub| {
            attached(hub).is_empty()
        })
        .await;
    }
    let mut client = TestClient::connect(server.address, only(Transport::WebSocket));
    client.connected().await;
    drop(client);
    until(&server.hub, &mut changes, "it is away", |hub| {
        attached(hub) == [None]
    })
    .await;
}

#[tokio::test]
async fn messages_are_no_change() {
    for transport in Transport::ALL {
        let server = Server::echo().await;
        let mut client = TestClient::connect(server.address, only(transport));
        client.connected().await;
        client.send("first").await;
        client.text().await;
        let mut changes = server.hub.changes();
        for number in 0..20_u32 {
            client.send(number.to_string().as_str()).await;
            assert_eq!(client.text().await, number.to_string());
        }
        eventually("all is acknowledged", || {
            server.hub.sessions()[0].counts().acknowledged == 21
        })
        .await;
        let told = tokio::time::timeout(Duration::ZERO, changes.changed()).await;
        assert!(told.is_err(), "{transport:?}");
    }
}

#[tokio::test]
async fn a_hub_that_is_dropped_is_told_as_the_end() {
    let hub = Hub::builder().build().expect("a sensible configuration");
    let mut changes = hub.changes();
    drop(hub);
    assert_eq!(changes.changed().await, None);
}
