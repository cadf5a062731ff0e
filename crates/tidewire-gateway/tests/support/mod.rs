//! A real gateway on a free port, real backends behind it, and the clients that the server's tests use.
#![allow(dead_code, reason = "each test file uses the part that it needs")]

pub(crate) mod backend;
#[path = "../../../tidewire-server/tests/support/client/mod.rs"]
pub(crate) mod client;
pub(crate) mod program;
#[path = "../../../tidewire-server/tests/support/raw.rs"]
pub(crate) mod raw;

use std::future::pending;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::serve::Listener as _;
use tidewire_gateway::{Gateway, GatewayConfig, Route};
use tidewire_proto::{Close, Event, Payload};
use tidewire_server::{ServeConfig, Tcp, serve};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use client::TestClient;
use raw::PATIENCE;

/// The token of a drop-in socket that wants no sub-protocol.
pub(crate) const DROP_IN: &[u8] = b"tidewire-socket/1";

/// A gateway in this process.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) gateway: Gateway,
}

impl Front {
    /// A gateway that gives `/live` to this backend.
    pub(crate) async fn before(backend: SocketAddr) -> Self {
        Self::start(GatewayConfig::new([live(backend)])).await
    }

    pub(crate) async fn start(config: GatewayConfig) -> Self {
        let serve_config = config.limits.serve();
        let gateway = Gateway::new(config).expect("a sensible configuration");
        let address = listen(gateway.router(), serve_config).await;
        let admin = listen(gateway.admin_router(), ServeConfig::default()).await;
        let running = gateway.clone();
        tokio::spawn(async move { running.run().await });
        Self {
            address,
            admin,
            gateway,
        }
    }

    /// What the metrics say now under this name, with its labels.
    pub(crate) async fn metric(&self, name: &str) -> Option<u64> {
        let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let page = raw::exchange(self.admin, request).await.expect("a page");
        let name = format!("tidewire_gateway_{name} ");
        let page = page.text();
        let line = page.lines().find_map(|line| line.strip_prefix(&name))?;
        Some(line.parse().expect("a number"))
    }

    pub(crate) async fn until_metric(&self, name: &str, value: u64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.metric(name).await;
            if now == Some(value) {
                return;
            }
            assert!(Instant::now() < deadline, "{name} is {now:?}, not {value}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The way from `/live` to this backend.
pub(crate) fn live(backend: SocketAddr) -> Route {
    Route::new("/live", &format!("ws://{backend}/")).expect("a route")
}

async fn listen(router: Router, config: ServeConfig) -> SocketAddr {
    let listener = Tcp::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, router, config, pending()));
    address
}

/// How a plain WebSocket client sees the gateway.
pub(crate) type Plain = WebSocketStream<TcpStream>;

/// Opens a plain WebSocket, with these sub-protocols; the one that was chosen comes back.
pub(crate) async fn plain(
    server: SocketAddr,
    path: &str,
    protocols: &str,
) -> Result<(Plain, Option<String>), tokio_tungstenite::tungstenite::Error> {
    let stream = TcpStream::connect(server).await.expect("connect");
    stream.set_nodelay(true).expect("no delay");
    let mut request = format!("ws://{server}{path}").into_client_request()?;
    if !protocols.is_empty() {
        let value = protocols.parse().expect("a header");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", value);
    }
    let opened = tokio_tungstenite::client_async(request, stream);
    let (socket, response) = in_time(opened).await?;
    let chosen = response.headers().get("sec-websocket-protocol");
    Ok((
        socket,
        chosen.map(|chosen| chosen.to_str().expect("text").to_owned()),
    ))
}

/// What comes of something that must not take for ever.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("in time")
}

/// A control message, as a drop-in reads it.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Control {
    Literal(Vec<u8>),
    Opened(String),
    Closed {
        is_clean: bool,
        code: u16,
        reason: String,
    },
}

/// Reads the next message as a drop-in does: `Err` for one that is the backend's.
pub(crate) async fn control(client: &mut TestClient) -> Result<Control, Payload> {
    let message = client.message().await;
    let Payload::Binary(bytes) = &message else {
        return Err(message);
    };
    let Some((kind, rest)) = bytes
        .strip_prefix(b"\0tidewire")
        .and_then(<[u8]>::split_first)
    else {
        return Err(message);
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    Ok(match kind {
        0 => Control::Literal(rest.to_vec()),
        1 => Control::Opened(text(rest)),
        2 => {
            let [clean, high, low, reason @ ..] = rest else {
                panic!("too short")
            };
            assert!(*clean < 2);
            Control::Closed {
                is_clean: *clean == 1,
                code: u16::from_be_bytes([*high, *low]),
                reason: text(reason),
            }
        }
        kind => panic!("an unknown control message {kind}"),
    })
}

/// The close that makes a client give up, or the last one that it heard before it tried again.
pub(crate) async fn refused(client: &mut TestClient) -> Close {
    use tidewire_proto::Cause;
    client
        .until(|event| match event {
            Event::Closed {
                cause: Cause::Refused(close),
                ..
            }
            | Event::Hiccup {
                cause: Cause::Refused(close),
                ..
            } => Some(close.clone()),
            _ => None,
        })
        .await
}
