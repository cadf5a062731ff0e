//! The gateway as an application has it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use tidewire_server::{Credentials, Hub, Origins, Principal, Refusal};
use tokio::sync::watch;

use crate::bridge;
use crate::config::{GatewayConfig, GatewayLimits};
use crate::control::Speaker;
use crate::dial::{self, DialError, Opened};
use crate::entrance;
use crate::error::ConfigError;
use crate::forward::Opening;
use crate::forward::Origin;
use crate::metrics::Counters;
use crate::network::Network;
use crate::places::{NoPlace, Place, Places};
use crate::route::Route;

/// The media type of the text form, in its version.
const METRICS: [(HeaderName, &str); 1] =
    [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];

/// Ends sessions in front of backends. Cloning gives another handle to the same gateway.
///
/// Serve [`router`](Self::router), and drive it with [`run`](Self::run).
#[derive(Clone, Debug)]
pub struct Gateway {
    inner: Arc<Inner>,
}

/// What all connections share.
pub(crate) struct Inner {
    pub(crate) hub: Hub,
    /// The routes of the hub.
    pub(crate) sessions: Router,
    pub(crate) routes: Vec<Arc<Route>>,
    pub(crate) origins: Origins,
    pub(crate) hosts: Vec<String>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) limits: GatewayLimits,
    pub(crate) counters: Counters,
    places: Arc<Places>,
    phase: watch::Sender<Phase>,
}

/// How far the gateway is on its way to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Open,
    Draining,
    Stopping,
}

impl Gateway {
    /// A gateway with these settings. It reads the certificates that it needs, and reaches no backend yet.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that cannot be used.
    pub fn new(mut config: GatewayConfig) -> Result<Self, ConfigError> {
        config.check()?;
        for route in &mut config.routes {
            route.prepare()?;
        }
        let mut hub = Hub::builder()
            .config(config.limits.hub())
            .origins(config.origins.clone())
            .hosts(config.hosts.clone())
            .client_address(client_address)
            .authenticate(judge);
        if config.allow_credentials {
            hub = hub.allow_credentials();
        }
        let hub = hub.build()?;
        let inner = Inner {
            sessions: hub.router(),
            hub,
            routes: config.routes.into_iter().map(Arc::new).collect(),
            origins: config.origins,
            hosts: config.hosts,
            trusted_proxies: config.trusted_proxies,
            places: Arc::new(Places::new(
                config.limits.plain,
                config.limits.plain_per_address,
            )),
            limits: config.limits,
            counters: Counters::default(),
            phase: watch::Sender::new(Phase::Open),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The routes for clients: every path, of which those that have a backend are served.
    ///
    /// Serve it with [`tidewire_server::serve`], which notes the address of each client.
    pub fn router(&self) -> Router {
        entrance::router(Arc::clone(&self.inner))
    }

    /// The routes for those who watch over it, for an address that clients cannot reach: `/metrics` in the text form of Prometheus;
    /// `/health`, 200 while new clients are taken and 503 while not.
    pub fn admin_router(&self) -> Router {
        Router::new()
            .route("/metrics", get(metrics))
            .route("/health", get(health))
            .with_state(Arc::clone(&self.inner))
    }

    /// Gives each session its backend, until [`shutdown`](Self::shutdown).
    pub async fn run(&self) {
        let inner = &self.inner;
        let serve = |session| bridge::run(Arc::clone(inner), session);
        inner.hub.run(serve).await;
    }

    /// Takes no new clients from now on, and tells those of the sessions to look for another server within `spread`. It returns at
    /// once; what is open goes on until [`shutdown`](Self::shutdown).
    pub fn drain(&self, spread: Duration) {
        self.inner.phase.send_if_modified(|phase| {
            let is_open = *phase == Phase::Open;
            if is_open {
                *phase = Phase::Draining;
            }
            is_open
        });
        self.inner.hub.drain(spread);
    }

    /// Completes once nothing is open any more, as after [`drain`](Self::drain).
    pub async fn idle(&self) {
        let mut changes = self.inner.hub.changes();
        while self.inner.hub.metrics().sessions > 0 && changes.changed().await.is_some() {}
        self.inner.counters.bridges.empty().await;
        self.inner.counters.plain.empty().await;
    }

    /// Ends everything: sessions with 4503 and advice to come back, plain WebSockets and the connections to backends with 1001.
    /// It completes when they are closed, or have not answered in time: a backend has
    /// [`backend_close`](GatewayLimits::backend_close).
    pub async fn shutdown(&self) {
        self.inner.phase.send_replace(Phase::Stopping);
        let counters = &self.inner.counters;
        tokio::join!(
            self.inner.hub.shutdown(),
            counters.bridges.empty(),
            counters.plain.empty()
        );
    }
}

impl Inner {
    /// Opens a connection to a backend, and counts what came of it.
    pub(crate) async fn dial(&self, opening: Opening) -> Result<Opened, DialError> {
        let Opening { route, request, .. } = opening;
        let opened = dial::dial(&route, request, self.limits.connect).await;
        let outcome = opened
            .as_ref()
            .map_or_else(|error| error.name(), |_| "opened");
        self.counters.dialled(outcome);
        if let Err(error) = &opened {
            tracing::warn!(backend = %route.backend(), %error, "no connection");
        }
        opened
    }

    /// A place for a plain WebSocket of this client, if there is one and new ones are taken.
    pub(crate) fn plain_place(&self, client: IpAddr) -> Result<Place, NoPlace> {
        if self.is_stopping() {
            return Err(NoPlace::Stopping);
        }
        self.places.take(client)
    }

    /// Whether no new clients are taken.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.phase.borrow() != Phase::Open
    }

    /// Completes when what is open has to end.
    pub(crate) async fn stopping(&self) {
        let mut phase = self.phase.subscribe();
        // The sender lives in this gateway.
        let _ = phase.wait_for(|phase| *phase == Phase::Stopping).await;
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

/// Everybody may come in, for it is the backend that judges; only a token must be one that can be read.
async fn judge(credentials: Credentials) -> Result<Principal, Refusal> {
    Speaker::read(&credentials.token).map(|_| Principal::new(""))
}

fn client_address(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<Origin>().map(|origin| origin.client)
}

async fn metrics(State(gateway): State<Arc<Inner>>) -> ([(HeaderName, &'static str); 1], String) {
    (METRICS, gateway.counters.render(&gateway.hub.metrics()))
}

async fn health(State(gateway): State<Arc<Inner>>) -> (StatusCode, &'static str) {
    match gateway.is_stopping() {
        false => (StatusCode::OK, "ok\n"),
        true => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}
