//! The opening handshake of RFC 6455 section 4.2, checked strictly, and its answer.

use std::fmt;

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

/// A request that asks for a WebSocket in due form, to be answered.
///
/// [`Hub::router`](crate::Hub::router) does all of this by itself; this is for those who answer a handshake themselves and give
/// the connection to [`Hub::serve_socket`](crate::Hub::serve_socket).
#[derive(Clone, Debug)]
#[must_use = "a handshake waits for its answer"]
pub struct Handshake {
    accept: String,
    /// Tokens, as they were offered.
    offered: Vec<HeaderValue>,
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

/// Why a handshake is refused; the client's fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct HandshakeError {
    /// 400, or 426 where the client has to ask in another way.
    pub status: StatusCode,
    /// `name: human text`, which repeats nothing of the request.
    pub reason: &'static str,
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

impl std::error::Error for HandshakeError {}

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

impl Handshake {
    /// Whether a request means to open a WebSocket, in due form or not.
    pub fn is_meant_by(parts: &Parts) -> bool {
        let headers = &parts.headers;
        parts.method == Method::GET
            && (headers.contains_key(SEC_WEBSOCKET_KEY)
                || headers.contains_key(SEC_WEBSOCKET_VERSION)
                || has_token(headers, &UPGRADE, "websocket"))
    }

    /// Checks a request: method (GET), version and headers as section 4.2.1 of RFC 6455 asks for them, and at most 32 sub-protocols in
    /// 1,024 bytes. `Origin` and `Host` are not looked at.
    ///
    /// # Errors
    /// What the answer has to say.
    pub fn check(parts: &Parts) -> Result<Self, HandshakeError> {
        let headers = &parts.headers;
        if parts.method != Method::GET {
            return Err(HandshakeError::bad("method: a WebSocket opens with GET"));
        }
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
        Ok(Self {
            accept: derive_accept_key(key.as_bytes()),
            offered: offered_protocols(headers)?,
            protocol: None,
        })
    }

    /// The sub-protocols that the client offers, best first.
    pub fn offered(&self) -> impl Iterator<Item = &str> {
        self.offered.iter().filter_map(|name| name.to_str().ok())
    }

    /// Chooses a sub-protocol for the answer; `false` where the client did not offer it, which changes nothing.
    pub fn choose(&mut self, protocol: &str) -> bool {
        let chosen = self.offered.iter().find(|name| *name == protocol);
        self.protocol = chosen.cloned().or(self.protocol.take());
        self.protocol.as_ref().is_some_and(|name| name == protocol)
    }

    /// Chooses the first sub-protocol of those offered that is also spoken here; `false` where there is none, which
    /// changes nothing.
    pub fn choose_first(&mut self, spoken: &[impl AsRef<str>]) -> bool {
        let mut offered = self.offered.iter();
        let first = offered.find(|name| spoken.iter().any(|spoken| *name == spoken.as_ref()));
        let Some(first) = first else { return false };
        self.protocol = Some(first.clone());
        true
    }

    /// The answer that opens the WebSocket. Notes in the head of the request what was agreed on, for
    /// [`Session::protocol`](crate::Session::protocol): give that head to [`Hub::serve_socket`](crate::Hub::serve_socket).
    pub fn into_response(self, parts: &mut Parts) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(protocol) = self.protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol.clone());
            parts.extensions.insert(SubProtocol(protocol));
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

/// A token of RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_of_token)
}

fn offered_protocols(headers: &HeaderMap) -> Result<Vec<HeaderValue>, HandshakeError> {
    const BAD: HandshakeError =
        HandshakeError::bad("sub-protocol: at most 32 tokens in 1,024 bytes");
    let mut bytes = 0;
    let mut offered = Vec::new();
    for value in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
        let text = value.to_str().map_err(|_| BAD)?;
        bytes += text.len();
        for token in text.split(',').map(str::trim) {
            if !is_token(token) || bytes > MAX_PROTOCOL_BYTES || offered.len() == MAX_PROTOCOLS {
                return Err(BAD);
            }
            offered.push(HeaderValue::from_str(token).map_err(|_| BAD)?);
        }
    }
    Ok(offered)
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

    fn offering(protocols: &str) -> Parts {
        let request = http::Request::get("/")
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==")
            .header(SEC_WEBSOCKET_PROTOCOL, protocols)
            .body(());
        request.expect("a request").into_parts().0
    }

    #[test]
    fn only_an_offered_protocol_can_be_chosen() {
        let mut parts = offering("first, second");
        let mut handshake = Handshake::check(&parts).expect("in due form");
        assert!(handshake.offered().eq(["first", "second"]));
        assert!(handshake.choose("second"));
        assert!(!handshake.choose("third"));
        let response = handshake.into_response(&mut parts);
        assert_eq!(response.headers()[SEC_WEBSOCKET_PROTOCOL], "second");
    }

    #[test]
    fn the_client_says_what_it_likes_best() {
        let mut parts = offering("first, second, third");
        let mut handshake = Handshake::check(&parts).expect("in due form");
        assert!(handshake.choose_first(&["third", "second"]));
        assert!(!handshake.choose_first(&["fourth"]));
        let response = handshake.into_response(&mut parts);
        assert_eq!(response.headers()[SEC_WEBSOCKET_PROTOCOL], "second");
    }

    #[test]
    fn an_offered_protocol_is_a_token() {
        assert!(Handshake::check(&offering("chat.v1,x-y_z~")).is_ok());
        for protocols in ["two words", "a/b", "a;q=1", "\"quoted\"", "a,,b", "(a)", ""] {
            let refused = Handshake::check(&offering(protocols)).expect_err(protocols);
            assert!(refused.reason.starts_with("sub-protocol:"), "{protocols}");
        }
    }
}
