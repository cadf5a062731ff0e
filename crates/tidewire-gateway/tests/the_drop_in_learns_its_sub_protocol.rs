//! A drop-in names its sub-protocols in its token and is told which one the backend chose, on each transport alike.

mod support;

use support::backend::Backend;
use support::client::{TestClient, only, quick};
use support::{Control, DROP_IN, Front, control, refused};
use tidewire_proto::{Payload, Transport};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn the_choice_of_the_backend_is_told_on_each_transport() {
    let mut backend = Backend::start(&["foo", "graphql-transport-ws"]).await;
    let front = Front::before(backend.address).await;
    for transport in Transport::ALL {
        for (token, asked, chosen) in [
            ("tidewire-socket/1", None, ""),
            ("tidewire-socket/1 bar", Some("bar"), ""),
            ("tidewire-socket/1 bar, foo", Some("bar, foo"), "foo"),
            (
                "tidewire-socket/1 graphql-transport-ws, foo",
                Some("graphql-transport-ws, foo"),
                "graphql-transport-ws",
            ),
        ] {
            let mut client =
                TestClient::connect_as(front.address, only(transport), token.as_bytes());
            let visit = backend.visit().await;
            assert_eq!(visit.header("sec-websocket-protocol"), asked);
            assert_eq!(
                control(&mut client).await,
                Ok(Control::Opened(chosen.to_owned())),
                "{token}"
            );
            client.close().await;
        }
    }
}

#[tokio::test]
async fn opened_comes_once_and_first_whatever_happens_to_the_connection() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    let mut client = TestClient::connect_as(front.address, quick(), DROP_IN);
    let mut visit = backend.visit().await;
    visit.send("first").await;
    client.cut();
    assert_eq!(
        control(&mut client).await,
        Ok(Control::Opened(String::new()))
    );
    assert_eq!(client.text().await, "first");
    client.cut();
    visit.send("second").await;
    assert_eq!(client.text().await, "second");
}

#[tokio::test]
async fn a_message_that_looks_like_a_control_message_is_none() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    let looks_like_one = b"\0tidewire\x02\x01\x0f\xa1bye".to_vec();
    let mut client = TestClient::connect_as(front.address, quick(), DROP_IN);
    let mut visit = backend.visit().await;
    visit.send(looks_like_one.clone()).await;
    visit.send("\0tidewire\x02").await;
    assert_eq!(
        control(&mut client).await,
        Ok(Control::Opened(String::new()))
    );
    assert_eq!(
        control(&mut client).await,
        Ok(Control::Literal(looks_like_one.clone()))
    );
    assert_eq!(
        control(&mut client).await,
        Err(Payload::from("\0tidewire\x02"))
    );
    // What the client sends is the backend's, whatever it looks like.
    client.send(looks_like_one.clone()).await;
    assert_eq!(visit.next().await, Message::binary(looks_like_one.clone()));

    // An ordinary client is sent everything as it is, and nothing else.
    let mut ordinary = TestClient::connect_as(front.address, quick(), b"its own token");
    let mut visit = backend.visit().await;
    visit.send(looks_like_one.clone()).await;
    assert_eq!(ordinary.message().await, Payload::from(looks_like_one));
}

#[tokio::test]
async fn a_token_out_of_form_reaches_no_backend() {
    let backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    for (token, code, name) in [
        ("tidewire-socket/1 a,b", 4403, "token"),
        ("tidewire-socket/1 a\r\nX-Injected: 1", 4403, "token"),
        ("tidewire-socket/9", 4426, "socket-version"),
    ] {
        for transport in [Transport::WebSocket, Transport::LongPolling] {
            let mut client =
                TestClient::connect_as(front.address, only(transport), token.as_bytes());
            let close = refused(&mut client).await;
            assert_eq!((close.code.0, close.name()), (code, name), "{token}");
        }
    }
    assert!(!backend.has_visit());
    assert_eq!(front.metric("sessions_created_total").await, Some(0));
}
