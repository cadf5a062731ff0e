//! An application that answers the opening handshake itself gives the connection to the hub, which goes on as if it had
//! answered; and a session tells with which token and sub-protocol it was opened, and that it has ended.

mod support;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::routing::any;
use futures_util::StreamExt;
use http::{Method, Response};
use hyper_util::rt::TokioIo;
use support::client::{TestClient, only};
use support::raw::{Heard, RawSocket};
use support::{echo_session, eventually, raw};
use tidewire_proto::wire::HelloMode;
use tidewire_proto::{Cause, Transport};
use tidewire_server::{Handshake, Hub, HubConfig, ServeConfig, Tcp, serve};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// What the application keeps: its hub, and the tasks in which the hub serves sockets.
#[derive(Clone)]
struct Application {
    hub: Hub,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

async fn answer(State(app): State<Application>, mut request: Request) -> Response<Body> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (mut parts, _) = request.into_parts();
    assert_eq!(Handshake::is_meant_by(&parts), parts.method == Method::GET);
    match Handshake::check(&parts) {
        Ok(mut handshake) => {
            handshake.choose("second");
            let response = handshake.into_response(&mut parts);
            let task = tokio::spawn(async move {
                let connection = upgrade.await.expect("an upgrade");
                app.hub.serve_socket(TokioIo::new(connection), parts).await;
            });
            app.tasks.lock().expect("no panic").push(task);
            response
        }
        Err(error) => {
            let mut response = Response::new(Body::from(error.to_string()));
            *response.status_mut() = error.status;
            response
        }
    }
}

async fn start(hub: &Hub) -> std::net::SocketAddr {
    let tasks = Arc::default();
    start_with(Application {
        hub: hub.clone(),
        tasks,
    })
    .await
}

async fn start_with(app: Application) -> std::net::SocketAddr {
    let router = Router::new().route("/live", any(answer)).with_state(app);
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
        ("GET ", "POST ", 400, "method"),
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

#[tokio::test]
async fn a_session_tells_its_sub_protocol() {
    let hub = Hub::builder().build().expect("a hub");
    let address = start(&hub).await;
    let mut accepting = Vec::new();
    for (offered, chosen) in [("first, second", Some("second")), ("first", None)] {
        let mut stream = TcpStream::connect(address).await.expect("connect");
        let header = format!("Sec-WebSocket-Protocol: {offered}\r\n");
        let request = raw::handshake("/live", &header);
        stream.write_all(&request).await.expect("written");
        let answer = raw::read_answer(&mut stream).await.expect("an answer");
        assert_eq!(answer.status, 101);
        assert_eq!(answer.header("sec-websocket-protocol"), chosen);
        let mut socket = RawSocket { stream };
        let key = accepting.len() as u8;
        let hello = raw::hello(key, HelloMode::Socket);
        socket.binary(&raw::packet(&hello, |_| {})).await;
        let session = hub.accept().await.expect("a session");
        assert_eq!(session.protocol(), chosen, "{offered}");
        accepting.push((session, socket));
    }
}

#[tokio::test]
async fn a_socket_whose_task_is_aborted_leaves_its_session_to_the_next() {
    let mut config = HubConfig::default();
    // The server looks for dead peers only after the test has lost its patience.
    config.session.heartbeat = 2 * raw::PATIENCE;
    let hub = Hub::builder().config(config).build().expect("a hub");
    let tasks: Arc<Mutex<Vec<JoinHandle<()>>>> = Arc::default();
    let address = start_with(Application {
        hub: hub.clone(),
        tasks: Arc::clone(&tasks),
    })
    .await;
    let mut socket = RawSocket::open(address, "/live").await;
    let hello = raw::hello(1, HelloMode::Socket);
    socket.binary(&raw::packet(&hello, |_| {})).await;
    let session = hub.accept().await.expect("a session");
    assert_eq!(session.transport(), Some(Transport::WebSocket));
    for task in tasks.lock().expect("no panic").drain(..) {
        task.abort();
    }
    // The session knows, though nobody sends anything on the dead socket.
    eventually("the client is away", || session.transport().is_none()).await;
    assert_eq!(socket.hear_close().await, Heard::End);
    assert!(session.end().is_none());
}
