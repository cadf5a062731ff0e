//! The application's hook is asked at each attach, and a session belongs to the principal that created it.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use http::StatusCode;
use support::client::{TestClient, only};
use support::raw::{self, Heard, RawSocket, hello, packet};
use support::{Server, echo_session};
use tidewire_proto::wire::{HelloMode, Position};
use tidewire_proto::{Cause, Event, Transport};
use tidewire_server::{Close, CloseCode, Credentials, Hub, HubBuilder, Principal, Refusal};

/// The token is the name of the principal; some are not welcome.
fn by_name() -> HubBuilder {
    Hub::builder().authenticate(async |credentials: Credentials| {
        match credentials.token.as_slice() {
            b"" => Err(Refusal::unauthenticated()),
            b"mallory" => Err(Refusal::forbidden()),
            b"busy" => Err(Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "busy: come back later",
            )),
            name => Ok(Principal::new(&String::from_utf8_lossy(name))),
        }
    })
}

#[tokio::test]
async fn the_session_knows_whose_it_is() {
    let server = Server::start(by_name(), echo_session).await;
    for transport in Transport::ALL {
        let mut client = TestClient::connect_as(server.address, only(transport), b"alice");
        client.connected().await;
        let sessions = server.hub.sessions();
        let session = sessions.last().expect("a session");
        assert_eq!(session.principal().map(Principal::name), Some("alice"));
    }
}

#[tokio::test]
async fn a_refusal_says_why_over_socket_and_over_http() {
    let server = Server::start(by_name(), echo_session).await;
    for (token, code, status) in [("", 4401, 401), ("mallory", 4403, 403), ("busy", 4429, 429)] {
        let mut socket = RawSocket::open(server.address, "/live").await;
        let mut asking = hello(1, HelloMode::Socket);
        asking.token = token.into();
        socket.binary(&packet(&asking, |_| {})).await;
        let Heard::Close {
            code: heard,
            reason,
        } = socket.hear_close().await
        else {
            panic!("no close frame")
        };
        assert_eq!(heard, code, "{token}");

        let mut asking = hello(1, HelloMode::Poll);
        asking.token = token.into();
        let answer = raw::exchange(
            server.address,
            &raw::post("/live", "", &packet(&asking, |_| {})),
        )
        .await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, status, "{token}");
        assert_eq!(answer.header("tidewire-error"), reason.split(':').next());
    }
    assert_eq!(server.hub.metrics().created, 0);
}

#[tokio::test]
async fn another_principals_key_looks_exactly_like_an_unknown_one() {
    let server = Server::start(by_name(), echo_session).await;
    let ask = async |key: u8, token: &str| {
        let mut asking = hello(key, HelloMode::Poll);
        (asking.token, asking.resume, asking.attach) = (token.into(), key != 1, 2);
        raw::exchange(
            server.address,
            &raw::post("/live", "", &packet(&asking, |_| {})),
        )
        .await
        .expect("an answer")
    };
    let mut alice = hello(7, HelloMode::Socket);
    alice.token = b"alice".to_vec();
    let mut socket = RawSocket::open(server.address, "/live").await;
    socket
        .binary(&packet(&alice, |writer| {
            writer.seek(Position::default());
            writer.message(true, b"mine");
        }))
        .await;
    assert!(matches!(socket.hear().await, Heard::Binary(_)));

    let foreign = ask(7, "bob").await;
    let unknown = ask(8, "bob").await;
    assert_eq!(foreign.status, 404);
    assert_eq!(
        (foreign.status, &foreign.body),
        (unknown.status, &unknown.body)
    );
    let without_date = |answer: &raw::Answer| {
        answer
            .headers
            .iter()
            .filter(|(name, _)| name != "date")
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(without_date(&foreign), without_date(&unknown));

    // The owner's session is as it was.
    socket.binary(&packet_of_message(b"still mine")).await;
    loop {
        match socket.hear().await {
            Heard::Binary(bytes) if bytes.windows(10).any(|part| part == b"still mine") => break,
            Heard::Binary(_) => {}
            end => panic!("the echo was expected: {end:?}"),
        }
    }
}

fn packet_of_message(text: &[u8]) -> Vec<u8> {
    let mut writer = tidewire_proto::wire::Writer::default();
    writer.message(true, text);
    writer.into_packet()
}

#[tokio::test]
async fn credentials_that_were_withdrawn_stop_the_next_attach() {
    let good = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&good);
    let builder = Hub::builder().authenticate(move |_| {
        let good = asked.load(Relaxed);
        async move {
            if good {
                Ok(Principal::new("alice"))
            } else {
                Err(Refusal::forbidden())
            }
        }
    });
    let server = Server::start(builder, echo_session).await;
    let mut client = TestClient::connect_as(server.address, only(Transport::WebSocket), b"t");
    client.connected().await;
    good.store(false, Relaxed);
    client.cut();
    let cause = client
        .until(|event| match event {
            Event::Closed { cause, .. } => Some(cause.clone()),
            _ => None,
        })
        .await;
    assert!(matches!(cause, Cause::Refused(close) if close.code.0 == 4403));
}

#[tokio::test]
async fn a_hook_that_hangs_is_not_waited_for() {
    let mut config = tidewire_server::HubConfig::default();
    config.authenticate_timeout = std::time::Duration::from_millis(50);
    let builder = Hub::builder()
        .config(config)
        .authenticate(|_| std::future::pending());
    let server = Server::start(builder, echo_session).await;
    let body = packet(&hello(3, HelloMode::Poll), |_| {});
    let answer = raw::exchange(server.address, &raw::post("/live", "", &body))
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status, answer.header("tidewire-error")),
        (503, Some("authentication"))
    );
}

#[tokio::test]
async fn a_log_out_ends_all_sessions_of_one_principal() {
    let server = Server::start(by_name(), echo_session).await;
    let mut clients = Vec::new();
    for name in [&b"alice"[..], b"alice", b"bob"] {
        let mut client = TestClient::connect_as(server.address, only(Transport::WebSocket), name);
        client.connected().await;
        clients.push(client);
    }
    let close = Close::new(CloseCode::FORBIDDEN, "logged-out: the user has left");
    let ended = server.hub.end_principal(&Principal::new("alice"), &close);
    assert_eq!(ended, 2);
    let mut bob = clients.pop().expect("bob");
    for client in &mut clients {
        client
            .until(|event| matches!(event, Event::Closed { .. }).then_some(()))
            .await;
    }
    bob.send("still here").await;
    assert_eq!(bob.text().await, "still here");
}
