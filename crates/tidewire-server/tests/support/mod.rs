//! A real server on a free port, and clients for it.
#![allow(dead_code, reason = "each test file uses the part that it needs")]

pub(crate) mod bad;
pub(crate) mod bystander;
pub(crate) mod client;
pub(crate) mod echo;
pub(crate) mod principle;
pub(crate) mod rationed;
pub(crate) mod raw;

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::serve::Listener as _;
use futures_util::StreamExt;
use tidewire_server::{Hub, HubBuilder, ServeConfig, Session, Tcp, serve};
use tokio::sync::oneshot;

/// A hub on `/live`, served as an application would serve it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) hub: Hub,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Starts a server whose application is `handler`.
    pub(crate) async fn start<F, T>(builder: HubBuilder, handler: F) -> Self
    where
        F: Fn(Session) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let mut config = ServeConfig::default();
        config.head_timeout = Duration::from_secs(1);
        Self::start_with(builder, config, handler).await
    }

    pub(crate) async fn start_with<F, T>(
        builder: HubBuilder,
        config: ServeConfig,
        handler: F,
    ) -> Self
    where
        F: Fn(Session) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let hub = builder.build().expect("a sensible configuration");
        let listener = Tcp::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().nest("/live", hub.router());
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(serve(listener, router, config, async {
            drop(stopped.await);
        }));
        let accepting = hub.clone();
        tokio::spawn(async move { accepting.run(handler).await });
        Self {
            address,
            hub,
            _stop: stop,
        }
    }

    /// A server that echoes.
    pub(crate) async fn echo() -> Self {
        Self::start(Hub::builder(), echo_session).await
    }
}

/// The application of most tests.
pub(crate) async fn echo_session(mut session: Session) {
    while let Some(message) = session.next().await {
        if session.send(message).await.is_err() {
            return;
        }
    }
}

/// Waits for a condition that another task brings about.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + raw::PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
