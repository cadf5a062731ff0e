//! HTTP answers: refusals that a client can read, and the headers that each answer carries.

use std::time::Duration;

use axum::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW,
    CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use tidewire_proto::server::{SessionAnswer, refusal_packet};
use tidewire_proto::{Close, CloseCode};

use crate::origin::Caller;

/// Carries the name of a refusal, the part of its reason before the colon.
pub(crate) const ERROR: HeaderName = HeaderName::from_static("tidewire-error");

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The answer of a session to an exchange.
pub(crate) fn of_session(answer: SessionAnswer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(close) = &answer.close {
        describe(&mut response, close);
    }
    response
}

/// The answer to a request that reaches no session.
pub(crate) fn refusal(close: &Close) -> Response<Body> {
    let mut response = Response::new(Body::from(refusal_packet(close)));
    *response.status_mut() =
        StatusCode::from_u16(close.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    describe(&mut response, close);
    response
}

/// The same, for a rule of HTTP itself.
pub(crate) fn refusal_with(status: StatusCode, reason: &str) -> Response<Body> {
    refusal(&Close::new(CloseCode(4_000 + status.as_u16()), reason))
}

/// The answer to a method that is not served.
pub(crate) fn method_not_allowed(allow: &'static str) -> Response<Body> {
    let mut response = refusal_with(
        StatusCode::METHOD_NOT_ALLOWED,
        "method: this address takes POST and WebSocket",
    );
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// The answer to a preflight.
pub(crate) fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST"),
    );
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Makes the server close the connection behind the answer: what follows on it cannot be trusted or is not wanted.
#[must_use]
pub(crate) fn then_hang_up(mut response: Response<Body>) -> Response<Body> {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Adds what every answer carries: no cache keeps it, no browser guesses its type, and the caller's page may read it.
pub(crate) fn finish(response: &mut Response<Body>, caller: Option<&Caller>, credentials: bool) {
    let headers = response.headers_mut();
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-transform"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    headers.entry(CONTENT_TYPE).or_insert(OCTETS);
    if let Some(Caller::Other(origin)) = caller {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("retry-after, tidewire-error"),
        );
        if credentials {
            headers.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
    }
}

fn describe(response: &mut Response<Body>, close: &Close) {
    let headers = response.headers_mut();
    if let Ok(name) = HeaderValue::from_str(close.name()) {
        headers.insert(ERROR, name);
    }
    if let Some(delay) = close.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(delay)));
    }
}

fn whole_seconds(delay: Duration) -> u64 {
    delay.as_secs() + u64::from(delay.subsec_nanos() > 0)
}
