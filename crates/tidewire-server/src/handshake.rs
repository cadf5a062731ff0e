//! The opening handshake of RFC 6455 section 4.2, checked strictly, and its answer.

use axum::body::Body;
use http::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{Method, Response, StatusCode, Version};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Sub-protocols that one request may offer.
const MAX_PROTOCOLS: usize = 32;
/// Bytes of `Sec-WebSocket-Protocol` that one request may have.
const MAX_PROTOCOL_BYTES: usize = 1_024;

/// A request that asks for a WebSocket in due form.
#[derive(Debug)]
pub(crate) struct Handshake {
    accept: String,
    protocol: Option<HeaderValue>,
}

/// The sub-protocol that was chosen, kept with the request that offered it.
#[derive(Clone, Debug)]
pub(crate) struct SubProtocol(HeaderValue);

impl SubProtocol {
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.to_str().ok()
    }
}

/// Why a handshake is refused: the status, and a name that an error body can carry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HandshakeError {
    pub(crate) status: StatusCode,
    pub(crate) reason: &'static str,
}

impl HandshakeError {
    const fn bad(reason: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            reason,
        }
    }

    const fn upgrade(reason: &'static str) -> Self {
        Self {
            status: StatusCode::UPGRADE_REQUIRED,
            reason,
        }
    }
}

/// Whether a request means to open a WebSocket, in due form or not.
pub(crate) fn is_upgrade(parts: &Parts) -> bool {
    let headers = &parts.headers;
    parts.method == Method::GET
        && (headers.contains_key(SEC_WEBSOCKET_KEY)
            || headers.contains_key(SEC_WEBSOCKET_VERSION)
            || has_token(headers, &UPGRADE, "websocket"))
}

/// Checks a request and chooses the sub-protocol: the first one offered that the application speaks.
pub(crate) fn check(parts: &Parts, spoken: &[String]) -> Result<Handshake, HandshakeError> {
    let headers = &parts.headers;
    if parts.version != Version::HTTP_11 {
        return Err(HandshakeError::upgrade(
            "http-version: a WebSocket opens over HTTP/1.1",
        ));
    }
    if !has_token(headers, &UPGRADE, "websocket") {
        return Err(HandshakeError::upgrade(
            "upgrade: the header Upgrade must name websocket",
        ));
    }
    if !has_token(headers, &CONNECTION, "upgrade") {
        return Err(HandshakeError::bad(
            "connection: the header Connection must name upgrade",
        ));
    }
    match headers
        .get(SEC_WEBSOCKET_VERSION)
        .map(HeaderValue::as_bytes)
    {
        Some(b"13") => {}
        Some(_) => {
            return Err(HandshakeError::upgrade(
                "websocket-version: only version 13 is spoken",
            ));
        }
        None => {
            return Err(HandshakeError::bad(
                "websocket-version: the header Sec-WebSocket-Version is missing",
            ));
        }
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err(HandshakeError::bad(
            "bad-key: one Sec-WebSocket-Key is needed",
        ));
    };
    if !is_nonce(key.as_bytes()) {
        return Err(HandshakeError::bad(
            "bad-key: Sec-WebSocket-Key must be 16 bytes in base64",
        ));
    }
    Ok(Handshake {
        accept: derive_accept_key(key.as_bytes()),
        protocol: choose_protocol(headers, spoken)?,
    })
}

impl Handshake {
    /// The sub-protocol that the answer names.
    pub(crate) fn protocol(&self) -> Option<SubProtocol> {
        self.protocol.clone().map(SubProtocol)
    }

    /// The answer that opens the WebSocket.
    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(protocol) = self.protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// 16 bytes in base64: 22 letters, of which the last carries 2 bits, and two pads.
fn is_nonce(key: &[u8]) -> bool {
    let Some((letters, b"==")) = key.split_at_checked(22) else {
        return false;
    };
    letters
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        && letters
            .last()
            .is_some_and(|last| matches!(last, b'A' | b'Q' | b'g' | b'w'))
}

fn choose_protocol(
    headers: &HeaderMap,
    spoken: &[String],
) -> Result<Option<HeaderValue>, HandshakeError> {
    const BAD: HandshakeError =
        HandshakeError::bad("sub-protocol: at most 32 tokens of ASCII in 1,024 bytes");
    let mut bytes = 0;
    let mut count = 0;
    let mut chosen = None;
    for value in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
        let text = value.to_str().map_err(|_| BAD)?;
        bytes += text.len();
        for token in text.split(',').map(str::trim) {
            count += 1;
            if token.is_empty() || bytes > MAX_PROTOCOL_BYTES || count > MAX_PROTOCOLS {
                return Err(BAD);
            }
            if chosen.is_none() && spoken.iter().any(|name| name == token) {
                chosen = Some(HeaderValue::from_str(token).map_err(|_| BAD)?);
            }
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sixteen_bytes_in_base64() {
        assert!(is_nonce(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for key in [
            "",
            "A",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZR==",
            "dGhlIHNhbXBsZSBub25jZQ===",
            "!GhlIHNhbXBsZSBub25jZQ==",
        ] {
            assert!(!is_nonce(key.as_bytes()), "{key}");
        }
    }
}
