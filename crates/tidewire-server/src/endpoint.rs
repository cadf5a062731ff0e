//! The one address of a hub: WebSocket upgrade, HTTP exchange, preflight, and everything that is refused.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::routing::any;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, SEC_WEBSOCKET_VERSION,
};
use http::request::Parts;
use http::{Method, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tidewire_proto::server::{CarrierKind, read_opening};
use tidewire_proto::{CarrierId, Close, CloseCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::answer;
use crate::driver::{Driver, Outlet};
use crate::handshake::Handshake;
use crate::hub::{Hub, HubInner, Visitor, draining};
use crate::metrics::count;
use crate::origin::{OriginError, is_meant_for};
use crate::socket;

/// Names that a secret might have in a URL, where it would end up in logs and in `Referer`.
const SECRET_PARAMETERS: [&str; 4] = ["key", "session", "sid", "token"];

impl Hub {
    /// The routes: one address that takes WebSocket upgrades and POST. Nest it at any path:
    /// `Router::new().nest("/live", hub.router())`.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/", any(endpoint))
            .with_state(Arc::clone(&self.inner))
    }

    /// Serves a WebSocket whose opening handshake was answered elsewhere, for instance with [`Handshake`], and completes when it is
    /// closed. Dropping the future before is as if the connection had failed: the session lives on, and its client comes back.
    ///
    /// `connection` is what follows that answer, `parts` the head of the request, as [`Handshake::into_response`] has left it.
    /// Where its extensions have the [`ConnectInfo`] of the peer's `SocketAddr`, which [`serve`](crate::serve) puts there, the
    /// session knows its [peer](crate::SessionHandle::peer), and its address counts for the limits of one address;
    /// without it no address is known, unless [`HubBuilder::client_address`](crate::HubBuilder::client_address) finds one.
    ///
    /// What the router refuses before a handshake is the caller's to check: whether the page may connect
    /// ([`Origins`](crate::Origins)), whether the host name is this server's, and that the URL has no key or token in its query,
    /// where it would get into logs.
    pub async fn serve_socket<S>(&self, connection: S, mut parts: Parts)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let open = self.inner.open_socket();
        // The session keeps the head of the request; this would keep what belongs to a connection.
        parts.extensions.remove::<OnUpgrade>();
        let visitor = visitor(&self.inner, &parts);
        socket::run(Arc::clone(&self.inner), connection, visitor).await;
        drop(open);
    }
}

async fn endpoint(State(hub): State<Arc<HubInner>>, request: Request) -> Response<Body> {
    let caller = hub.rules.origins.check(request.headers());
    let (mut response, caller) = match caller {
        Ok(caller) => (serve(&hub, request).await, Some(caller)),
        Err(OriginError::Foreign) => (answer::refusal_with(StatusCode::FORBIDDEN, "origin"), None),
        Err(OriginError::Malformed) => (
            answer::refusal_with(StatusCode::BAD_REQUEST, "origin"),
            None,
        ),
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    if response.headers().contains_key(answer::ERROR) {
        count(&hub.counters.refused);
    }
    answer::finish(&mut response, caller.as_ref(), hub.rules.credentials);
    response
}

async fn serve(hub: &Arc<HubInner>, request: Request) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    if !is_meant_for(&parts, &hub.rules.hosts) {
        return answer::refusal_with(
            StatusCode::MISDIRECTED_REQUEST,
            "host: this server has another name",
        );
    }
    if has_secret(&parts.uri) {
        return answer::refusal_with(
            StatusCode::BAD_REQUEST,
            "key-in-url: secrets do not belong in a URL",
        );
    }
    if Handshake::is_meant_by(&parts) {
        return upgrade(hub, &mut parts);
    }
    match parts.method {
        Method::POST => exchange(hub, parts, body).await,
        Method::OPTIONS if hub.rules.origins.allows_others() => answer::preflight(),
        _ if hub.rules.origins.allows_others() => answer::method_not_allowed("GET, POST, OPTIONS"),
        _ => answer::method_not_allowed("GET, POST"),
    }
}

fn upgrade(hub: &Arc<HubInner>, parts: &mut Parts) -> Response<Body> {
    let mut accepted = match Handshake::check(parts) {
        Ok(accepted) => accepted,
        Err(error) => {
            let mut response = answer::refusal_with(error.status, error.reason);
            if error.status == StatusCode::UPGRADE_REQUIRED {
                response
                    .headers_mut()
                    .insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            return response;
        }
    };
    accepted.choose_first(&hub.rules.protocols);
    // Counted first and asked then: a shutdown either sees this socket or stops it here.
    let open = hub.open_socket();
    if *hub.stopped.borrow() {
        return answer::refusal(&draining());
    }
    let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
        return answer::refusal_with(
            StatusCode::UPGRADE_REQUIRED,
            "upgrade: this connection cannot be upgraded",
        );
    };
    let response = accepted.into_response(parts);
    let hub = Arc::clone(hub);
    let visitor = visitor(&hub, parts);
    tokio::spawn(async move {
        // An error means that the client left before the answer was written.
        if let Ok(upgraded) = upgrade.await {
            socket::run(hub, TokioIo::new(upgraded), visitor).await;
        }
        drop(open);
    });
    response
}

async fn exchange(hub: &Arc<HubInner>, mut parts: Parts, body: Body) -> Response<Body> {
    // What is left of a refused body is not read: the connection ends with the answer.
    if let Err(close) = check_kind(&parts.headers) {
        return answer::then_hang_up(answer::refusal(&close));
    }
    let body = match read_body(hub, &parts.headers, body).await {
        Ok(body) => body,
        Err(close) => return answer::then_hang_up(answer::refusal(&close)),
    };
    parts.extensions.remove::<OnUpgrade>();
    let visitor = visitor(hub, &parts);
    match attach(hub, &visitor, &body).await {
        Ok(exchange) => exchange.answer().await,
        Err(close) => answer::refusal(&close),
    }
}

async fn attach(hub: &Arc<HubInner>, visitor: &Visitor, body: &[u8]) -> Result<Exchange, Close> {
    let opening = read_opening(body, CarrierKind::Exchange)?;
    let principal = hub.authenticate(visitor, &opening.hello.token).await?;
    let carrier = hub.next_carrier();
    let (sender, answer) = oneshot::channel();
    let driver = hub.attach(
        visitor,
        principal,
        carrier,
        &opening,
        Outlet::Exchange(sender),
    )?;
    count(&hub.counters.exchanges);
    Ok(Exchange {
        driver,
        carrier,
        answer: Some(answer),
    })
}

/// An exchange that waits for its answer; dropping it, because the client went away, tells the session.
struct Exchange {
    driver: Arc<Driver>,
    carrier: CarrierId,
    answer: Option<oneshot::Receiver<tidewire_proto::server::SessionAnswer>>,
}

impl Exchange {
    async fn answer(mut self) -> Response<Body> {
        let answer = match &mut self.answer {
            Some(answer) => answer.await.ok(),
            None => None,
        };
        self.answer = None;
        match answer {
            Some(answer) => answer::of_session(answer),
            None => {
                let over = || Close::new(CloseCode::EXPIRED, "expired: the session is over");
                answer::refusal(&self.driver.farewell().unwrap_or_else(over))
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.answer.is_some() {
            self.driver.handle_closed(self.carrier);
        }
    }
}

/// Reads the body within its bounds in size and in time.
async fn read_body(hub: &HubInner, headers: &HeaderMap, mut body: Body) -> Result<Vec<u8>, Close> {
    let too_large = || {
        Close::new(
            CloseCode::TOO_LARGE,
            "packet: it is longer than this server takes",
        )
    };
    let slow = |_| Close::new(CloseCode::TIMEOUT, "slow: the body came too slowly");
    let most = hub.config.max_packet;
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let grace = Instant::now() + hub.config.body_grace;
    let mut bytes = Vec::new();
    loop {
        let earned = Duration::from_secs(bytes.len() as u64) / hub.config.body_rate;
        match tokio::time::timeout_at(grace + earned, body.frame())
            .await
            .map_err(slow)?
        {
            None => return Ok(bytes),
            Some(Ok(frame)) => {
                // Trailers are of no interest.
                let data = frame.into_data().unwrap_or_default();
                if bytes.len() + data.len() > most {
                    return Err(too_large());
                }
                bytes.extend_from_slice(&data);
            }
            Some(Err(_)) => return Err(Close::new(CloseCode::MALFORMED, "body: it ended early")),
        }
    }
}

/// Only raw bytes: no form and no script without a preflight can produce anything else that would be taken.
fn check_kind(headers: &HeaderMap) -> Result<(), Close> {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !matches!(kind, None | Some(b"application/octet-stream")) {
        return Err(Close::new(
            CloseCode::WRONG_KIND,
            "content-type: only application/octet-stream, or none",
        ));
    }
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Close::new(
            CloseCode::WRONG_KIND,
            "content-encoding: none is taken",
        ));
    }
    Ok(())
}

fn visitor(hub: &HubInner, parts: &Parts) -> Visitor {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| *peer);
    let address = match hub.rules.client_address {
        Some(find) => find(parts),
        None => peer.map(|peer| peer.ip()),
    };
    Visitor {
        parts: Arc::new(parts.clone()),
        peer,
        address,
    }
}

fn has_secret(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| {
        query
            .split('&')
            .filter_map(|pair| pair.split('=').next())
            .any(|name| {
                SECRET_PARAMETERS
                    .iter()
                    .any(|secret| name.eq_ignore_ascii_case(secret))
            })
    })
}
