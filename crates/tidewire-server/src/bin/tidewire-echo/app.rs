//! The routes, and what their handlers share.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use futures_util::future::join_all;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    CACHE_CONTROL, HOST, HeaderValue, VARY,
};
use http::uri::Authority;
use http::{Method, StatusCode};
use tidewire_server::{Caller, ConfigError, Hub, HubConfig, OriginError, Origins};

use crate::args::Args;
use crate::board::Board;
use crate::faults::{self, Faults};
use crate::guestbook::Guests;
use crate::news::News;
use crate::numbers::Numbers;
use crate::openings::Openings;
use crate::{board, connections, live, message, news, numbers, openings, page};

/// Longest body of a broadcast or a control request, in bytes.
pub(crate) const MAX_CONTROL_BODY: usize = 64 * 1024;

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct App {
    /// The sessions of `/live`.
    pub(crate) hub: Hub,
    pub(crate) news: News,
    pub(crate) board: Board,
    pub(crate) guests: Guests,
    pub(crate) openings: Openings,
    pub(crate) numbers: Numbers,
    pub(crate) faults: Faults,
    pub(crate) settings: Arc<Settings>,
}

/// What the command line says.
pub(crate) struct Settings {
    pub(crate) args: Args,
    /// The names of this server, in lower case. Without this check a page could reach it under a foreign name (DNS
    /// rebinding), which makes the page one of the same origin.
    hosts: Vec<String>,
    origins: Origins,
    /// Where it listens, once it does.
    pub(crate) address: OnceLock<SocketAddr>,
}

impl App {
    pub(crate) fn new(args: &Args) -> Result<Self, ConfigError> {
        let mut origins = Origins::same().and_loopback();
        for origin in &args.allow_origin {
            origins = origins.and(origin)?;
        }
        let mut config = HubConfig::default();
        config.max_sessions_per_address = args.sessions_per_address;
        config.session.life = args.session_life;
        config.session.heartbeat = args.heartbeat;
        config.session.limits = config.session.limits.max_message(args.max_message);
        let hosts = hosts(args);
        let hub = |config: &HubConfig| {
            Hub::builder()
                .config(config.clone())
                .hosts(hosts.clone())
                .origins(origins.clone())
                .build()
        };
        let (live, news) = (hub(&config)?, News::new(hub(&config)?));
        config.max_sessions = board::MAX_WATCHERS;
        let board = Board::new(hub(&config)?);
        let faults = Faults::new();
        for flag in &args.fault {
            faults.set(flag.kind, flag.setting);
        }
        Ok(Self {
            hub: live,
            news,
            board,
            guests: Guests::default(),
            openings: Openings::default(),
            numbers: Numbers::default(),
            faults,
            settings: Arc::new(Settings {
                args: args.clone(),
                hosts,
                origins,
                address: OnceLock::new(),
            }),
        })
    }

    /// All hubs, for what concerns the whole server.
    fn hubs(&self) -> [&Hub; 3] {
        [&self.hub, self.news.hub(), self.board.hub()]
    }

    /// Serves the sessions of all hubs, from now on until they shut down.
    pub(crate) fn start(&self) {
        tokio::spawn(live::echo_all(self.clone()));
        tokio::spawn(news::serve_all(self.clone()));
        tokio::spawn(board::serve_all(self.clone()));
        tokio::spawn(board::keep(self.clone()));
        tokio::spawn(self.news.clone().tick(self.settings.args.ticker));
    }

    /// Tells every session to move to another server, spread over this time.
    pub(crate) fn drain(&self, spread: Duration) {
        for hub in self.hubs() {
            hub.drain(spread);
        }
    }

    /// Ends everything, and completes when all have left.
    pub(crate) async fn shutdown(&self) {
        let hubs = join_all(self.hubs().map(Hub::shutdown));
        tokio::join!(hubs, self.guests.send_all_away());
    }

    /// Who asks, or why they may not.
    ///
    /// # Errors
    /// The answer to requests under a foreign name and of pages of foreign origins.
    pub(crate) fn check(&self, request: &Request) -> Result<Caller, (StatusCode, &'static str)> {
        if !names_us(&self.settings.hosts, request) {
            let reason = "host: this server has another name; --allow-host adds one\n";
            return Err((StatusCode::MISDIRECTED_REQUEST, reason));
        }
        let caller = self.settings.origins.check(request.headers());
        caller.map_err(|error| match error {
            OriginError::Foreign => (StatusCode::FORBIDDEN, "origin\n"),
            OriginError::Malformed => (StatusCode::BAD_REQUEST, "origin\n"),
        })
    }

    pub(crate) fn router(&self) -> Router {
        // What pages of other loopback ports may read and post: the demo under `trunk serve`, and browser tests.
        let open = Router::new()
            .route("/broadcast", post(live::broadcast))
            .route("/connections", get(connections::show))
            .route("/faults", get(faults::show))
            .route("/faults/{order}", post(faults::order))
            .route("/message", any(message::endpoint))
            .route("/numbers/{tag}", get(numbers::show))
            .route("/news/latest", get(news::latest))
            .route("/openings/{name}", get(openings::show))
            .layer(DefaultBodyLimit::max(MAX_CONTROL_BODY))
            .layer(middleware::from_fn_with_state(self.clone(), guard_origin));
        let router = Router::new()
            .route("/", get(async || Redirect::temporary("/index")))
            .merge(page::routes(self.settings.args.page.as_deref()))
            .merge(open)
            .with_state(self.clone())
            .nest("/connections/live", self.board.hub().router())
            .nest("/live", self.hub.router())
            .nest("/news", self.news.hub().router());
        router
            .layer(middleware::from_fn_with_state(
                self.faults.clone(),
                faults::inject,
            ))
            .layer(middleware::from_fn_with_state(
                self.clone(),
                openings::record,
            ))
    }
}

fn hosts(args: &Args) -> Vec<String> {
    let listen = args.listen.rsplit_once(':').map(|(host, _)| host);
    let given = args.allow_host.iter().map(String::as_str).chain(listen);
    ["127.0.0.1", "localhost", "[::1]"]
        .into_iter()
        .chain(given)
        .map(str::to_ascii_lowercase)
        .collect()
}

/// Whether a request uses one of these names for this server, on whatever port.
fn names_us(hosts: &[String], request: &Request) -> bool {
    let header = || {
        let host = request.headers().get(HOST)?;
        host.to_str().ok()?.parse::<Authority>().ok()
    };
    let authority = request.uri().authority().cloned().or_else(header);
    authority.is_some_and(|authority| {
        let host = authority.host();
        hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host))
    })
}

/// Refuses requests under a foreign name and pages of foreign origins, and lets the allowed ones read the answer.
async fn guard_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let caller = match app.check(&request) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(),
    };
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Caller::Other(origin) = caller {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST"),
        );
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("content-type"),
        );
    }
    response
}
