//! The routes of the gateway: each request finds its backend, and its way there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use bytes::BytesMut;
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_VERSION,
};
use http::request::Parts;
use http::{Response, StatusCode, Uri};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tidewire_server::{Handshake, OriginError, is_meant_for};
use tower::ServiceExt;

use crate::forward::{self, Opening, Origin};
use crate::gateway::Inner;
use crate::places::NoPlace;
use crate::plain;
use crate::target::{Target, TargetError};

/// Names the reason of a refusal, as the session protocol does.
const ERROR: HeaderName = HeaderName::from_static("tidewire-error");

pub(crate) fn router(gateway: Arc<Inner>) -> Router {
    Router::new().fallback(enter).with_state(gateway)
}

async fn enter(State(gateway): State<Arc<Inner>>, request: Request) -> Response<Body> {
    match admit(&gateway, request).await {
        Ok(response) => response,
        Err(refusal) => {
            gateway.counters.refused(refusal.name());
            refusal.into_response()
        }
    }
}

async fn admit(gateway: &Arc<Inner>, request: Request) -> Result<Response<Body>, Refused> {
    let (mut parts, body) = request.into_parts();
    let target = Target::find(&gateway.routes, &parts.uri).map_err(|error| match error {
        TargetError::NoRoute => {
            Refused::new(StatusCode::NOT_FOUND, "route: no backend has this path")
        }
        TargetError::Ambiguous => Refused::new(
            StatusCode::BAD_REQUEST,
            "path: it can be read in more than one way",
        ),
    })?;
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    // The accept loop notes it; a router that is served in another way may not.
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| {
        peer.ip()
    });
    let origin = Origin::of(peer, &parts.headers, &gateway.trusted_proxies);
    parts.extensions.insert(origin);
    parts.extensions.insert(target);
    if Handshake::is_meant_by(&parts) {
        return upgrade(gateway, parts).await;
    }
    // The path and the query are the backend's; the sessions have one address.
    parts.uri = Uri::from_static("/");
    let answered = gateway
        .sessions
        .clone()
        .oneshot(Request::from_parts(parts, body))
        .await;
    answered.map_err(|never| match never {})
}

async fn upgrade(gateway: &Arc<Inner>, mut parts: Parts) -> Result<Response<Body>, Refused> {
    check_name(gateway, &parts)?;
    gateway
        .origins
        .check(&parts.headers)
        .map_err(|error| match error {
            OriginError::Foreign => Refused::new(
                StatusCode::FORBIDDEN,
                "origin: pages of this origin may not connect",
            ),
            OriginError::Malformed => {
                Refused::new(StatusCode::BAD_REQUEST, "origin: it is malformed")
            }
        })?;
    let mut handshake =
        Handshake::check(&parts).map_err(|error| Refused::new(error.status, error.reason))?;
    let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
        return Err(Refused::new(
            StatusCode::UPGRADE_REQUIRED,
            "upgrade: this connection cannot be upgraded",
        ));
    };
    let gateway = Arc::clone(gateway);
    if handshake.offered().next().is_none() {
        let response = handshake.into_response(&mut parts);
        tokio::spawn(async move {
            // An error means that the client left before the answer was written.
            if let Ok(client) = upgrade.await {
                plain::decide(gateway, TokioIo::new(client), parts).await;
            }
        });
        return Ok(response);
    }
    // Only the backend can choose among sub-protocols, so it is asked before the client is answered.
    let opening = Opening::of(&parts, &forward::offered(&parts))
        .map_err(|reason| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, reason))?;
    let place = gateway.plain_place(opening.client).map_err(Refused::from)?;
    let opened = gateway.dial(opening).await.map_err(|error| Refused {
        status: error.status(),
        reason: error.to_string(),
        name: error.name(),
        retry_after: error.retry_after(),
    })?;
    if let Some(protocol) = &opened.protocol {
        // One of those that were offered, or the backend would not have been believed.
        handshake.choose(protocol);
    }
    let response = handshake.into_response(&mut parts);
    tokio::spawn(async move {
        // An error means that the client left before the answer was written.
        if let Ok(client) = upgrade.await {
            plain::pass(
                gateway,
                TokioIo::new(client),
                BytesMut::new(),
                opened,
                parts,
                place,
            )
            .await;
        }
    });
    Ok(response)
}

fn check_name(gateway: &Inner, parts: &Parts) -> Result<(), Refused> {
    match is_meant_for(parts, &gateway.hosts) {
        true => Ok(()),
        false => Err(Refused::new(
            StatusCode::MISDIRECTED_REQUEST,
            "host: this server has another name",
        )),
    }
}

impl From<NoPlace> for Refused {
    fn from(missing: NoPlace) -> Self {
        let mut refused = Self::new(missing.status(), missing.reason());
        refused.retry_after = Some(missing.retry_after());
        refused
    }
}

/// Why a request is not let in.
#[derive(Debug)]
struct Refused {
    status: StatusCode,
    reason: String,
    name: &'static str,
    retry_after: Option<u64>,
}

impl Refused {
    fn new(status: StatusCode, reason: &'static str) -> Self {
        Self {
            status,
            name: reason.split(':').next().unwrap_or_default(),
            reason: reason.to_owned(),
            retry_after: None,
        }
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(format!("{}\n", self.reason)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(ERROR, HeaderValue::from_static(self.name));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        response
    }
}
