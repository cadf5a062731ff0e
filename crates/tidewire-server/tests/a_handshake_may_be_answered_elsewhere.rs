//! An application that answers the opening handshake itself gives the connection to the hub, which goes on as if it had
//! answered; and a session tells with which token it was opened, and that it has ended.

mod support;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::routing::any;
use futures_util::StreamExt;
use http::Response;
use hyper_util::rt::TokioIo;
use support::client::{TestClient, only};
use support::{echo_session, raw};
use tidewire_proto::{Cause, Transport};
use tidewire_server::{Handshake, Hub, ServeConfig, Tcp, serve};

async fn answer(State(hub): State<Hub>, mut request: Request) -> Response<Body> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    assert!(Handshake::is_meant_by(&parts));
    match Handshake::check(&parts) {
        Ok(handshake) => {
            tokio::spawn(async move {
                let connection = upgrade.await.expect("an upgrade");
                hub.serve_socket(TokioIo::new(connection), parts).await;
            });
            handshake.into_response()
        }
        Err(error) => {
            let mut response = Response::new(Body::from(error.to_string()));
            *response.status_mut() = error.status;
            response
        }
    }
}

async fn start(hub: &Hub) -> std::net::SocketAddr {
    let router = Router::new()
        .route("/live", any(answer))
        .with_state(hub.clone());
    let listener = Tcp::bind("127.0.0.1:0").await.expect("a free port");
    let address = axum::serve::Listener::local_addr(&listener).expect("an address");
    tokio::spawn(serve(
        listener,
        router,
        ServeConfig::default(),
        std::future::pending(),
    ));
    address
}

#[tokio::test]
async fn the_hub_goes_on_where_the_application_answered() {
    let hub = Hub::builder().build().expect("a hub");
    let address = start(&hub).await;
    let accepting = hub.clone();
    tokio::spawn(async move { accepting.run(echo_session).await });
    let mut client = TestClient::connect(address, only(Transport::WebSocket));
    client.send("one").await;
    assert_eq!(client.text().await, "one");
    client.cut();
    client.send("two").await;
    assert_eq!(client.text().await, "two");
    assert_eq!(hub.metrics().created, 1);
    assert_eq!(hub.metrics().sockets, 2);

    // A socket that was given to the hub is waited for like the hub's own.
    hub.shutdown().await;
}

#[tokio::test]
async fn a_handshake_that_breaks_a_rule_is_told_which() {
    let hub = Hub::builder().build().expect("a hub");
    let address = start(&hub).await;
    let request = String::from_utf8(raw::handshake("/live", "")).expect("text");
    for (from, to, status, name) in [
        ("Version: 13", "Version: 8", 426, "websocket-version"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "short", 400, "bad-key"),
        (
            "Connection: Upgrade",
            "Connection: close",
            400,
            "connection",
        ),
    ] {
        let request = request.replace(from, to);
        let answer = raw::exchange(address, request.as_bytes()).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, status, "{to}");
        assert!(answer.text().starts_with(name), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_session_tells_its_token_and_its_end() {
    let hub = Hub::builder().build().expect("a hub");
    let address = start(&hub).await;
    let mut client =
        TestClient::connect_as(address, only(Transport::WebSocket), b"for the opening");
    let mut session = hub.accept().await.expect("a session");
    assert_eq!(session.token(), b"for the opening");
    let handle = session.handle();
    let ended = tokio::spawn(async move { handle.ended().await });
    client.send("last").await;
    assert_eq!(session.next().await, Some("last".into()));
    assert!(!ended.is_finished());
    client.close().await;
    let end = tokio::time::timeout(raw::PATIENCE, ended).await;
    let end = end.expect("in time").expect("no panic");
    assert!(matches!(&end.cause, Cause::Refused(close) if close.reason == "done"));
    // One that asks afterwards is told as well.
    assert_eq!(session.handle().ended().await, end);
}
