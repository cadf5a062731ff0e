//! The faults of requests: what a proxy between client and server would do to them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{FaultKind, Faults};

/// An answer that took longer than this was held on purpose.
const HELD: Duration = Duration::from_millis(100);
/// Longest request that can be repeated, in bytes.
const MAX_REPEATED: usize = 4 * 1024 * 1024;

/// Lets faults happen to the requests of `/live` and `/message`.
pub(crate) async fn inject(
    State(faults): State<Faults>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if !matches!(request.uri().path(), "/live" | "/message") {
        return next.run(request).await;
    }
    let carrying = faults.inner.connections.carrying(peer);
    let Some(request) = faults.admit(request).await else {
        // This answer goes nowhere: its connection is reset.
        faults.inner.connections.cut(peer);
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    if request.headers().contains_key(UPGRADE) {
        let response = upgrade(&faults, request, next).await;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            carrying.for_good();
        }
        response
    } else if request.method() == Method::POST {
        exchange(&faults, peer, request, next).await
    } else {
        next.run(request).await
    }
}

async fn upgrade(faults: &Faults, request: Request, next: Next) -> Response {
    if let Some(setting) = faults.strikes(FaultKind::RefuseUpgrades) {
        let status =
            StatusCode::from_u16(setting.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        return (status, "the upgrade is refused, as ordered\n").into_response();
    }
    if faults.strikes(FaultKind::BlackHoleUpgrades).is_some() {
        return std::future::pending().await;
    }
    if faults.strikes(FaultKind::SilentUpgrades).is_some() {
        return fall_silent(request);
    }
    next.run(request).await
}

/// Opens a WebSocket behind which nobody is.
fn fall_silent(mut request: Request) -> Response {
    let key = request.headers().get(SEC_WEBSOCKET_KEY).cloned();
    let accept = derive_accept_key(key.as_ref().map_or(&[], |key| key.as_bytes()));
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let mut connection = TokioIo::new(upgraded);
            let mut waste = [0; 1_024];
            while matches!(connection.read(&mut waste).await, Ok(read) if read > 0) {}
        }
    });
    let headers = [
        (CONNECTION, "upgrade".to_owned()),
        (UPGRADE, "websocket".to_owned()),
        (SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

async fn exchange(faults: &Faults, peer: SocketAddr, request: Request, next: Next) -> Response {
    if let Some(setting) = faults.strikes(FaultKind::Delay) {
        tokio::time::sleep(setting.span()).await;
    }
    let started = Instant::now();
    let response = if faults.strikes(FaultKind::DuplicateRequests).is_some() {
        twice(request, next).await
    } else {
        next.run(request).await
    };
    if started.elapsed() > HELD
        && let Some(setting) = faults.strikes(FaultKind::BufferPolls)
    {
        tokio::time::sleep(setting.span()).await;
    }
    if faults.strikes(FaultKind::DropResponses).is_some() {
        // The answer is written to a connection that is gone.
        faults.inner.connections.cut(peer);
    }
    response
}

/// Handles a request two times at once, and answers with the second answer.
async fn twice(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = match Limited::new(body, MAX_REPEATED).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    };
    let copy = || Request::from_parts(parts.clone(), Body::from(body.clone()));
    let first = next.clone();
    let (_, answer) = tokio::join!(first.run(copy()), next.run(copy()));
    answer
}
