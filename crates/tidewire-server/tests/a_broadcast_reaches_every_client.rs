//! The server speaks without being asked, to every client on every transport.

mod support;

use support::client::{TestClient, only};
use support::echo::Echo;
use support::raw::{Heard, RawSocket};
use support::{Server, eventually};
use tidewire_proto::Transport;
use tidewire_server::Hub;

#[tokio::test]
async fn a_post_to_broadcast_reaches_all_transports_and_plain_sockets() {
    let echo = Echo::start(&[]);
    let mut clients = TestClient::one_of_each(echo.address).await;
    let mut plain = RawSocket::open(echo.address, "/message").await;
    plain.frame(0x81, b"here").await;
    plain.hear().await;

    let answer = echo.post("/broadcast", "to all of you").await;
    assert_eq!(answer.text(), r#"{"reached":4,"refused":0}"#);
    for client in &mut clients {
        assert_eq!(client.text().await, "to all of you");
    }
    assert_eq!(plain.hear().await, Heard::Binary(b"to all of you".to_vec()));
}

#[tokio::test]
async fn a_session_that_does_not_keep_up_is_counted_and_holds_nobody_back() {
    let builder = {
        let mut config = tidewire_server::HubConfig::default();
        config.session.limits = config.session.limits.outbox(1 << 20, 4);
        Hub::builder().config(config)
    };
    let server = Server::start(builder, support::echo_session).await;
    let mut keeps_up = TestClient::connect(server.address, only(Transport::WebSocket));
    keeps_up.connected().await;
    let away = TestClient::connect(server.address, only(Transport::WebSocket));
    eventually("both are attached", || {
        server
            .hub
            .sessions()
            .iter()
            .filter(|session| session.transport().is_some())
            .count()
            == 2
    })
    .await;
    drop(away);
    eventually("one is away", || {
        server
            .hub
            .sessions()
            .iter()
            .any(|session| session.transport().is_none())
    })
    .await;

    let mut refused = 0;
    for number in 0..8 {
        let report = server.hub.broadcast(number.to_string().as_str());
        refused += report.refused;
        assert_eq!(keeps_up.text().await, number.to_string());
        // The acknowledgement makes room for the next one.
        eventually("the message is acknowledged", || {
            server
                .hub
                .sessions()
                .iter()
                .any(|session| session.counts().acknowledged == number + 1)
        })
        .await;
    }
    assert_eq!(
        refused, 4,
        "four fit into the outbox of the one that is away"
    );
}
