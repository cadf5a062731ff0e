//! Opening a connection to a backend, and what can go wrong with it.

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tidewire_server::{Close, CloseCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::route::Route;

/// Longest advice of a backend to come back later; clients follow no more than that.
const LONGEST_ADVICE: Duration = Duration::from_secs(300);
/// The code that mirrors `502 Bad Gateway`.
pub(crate) const BAD_GATEWAY: CloseCode = CloseCode(4502);
/// The code that mirrors `504 Gateway Timeout`.
pub(crate) const GATEWAY_TIMEOUT: CloseCode = CloseCode(4504);

/// A WebSocket to a backend, after its handshake.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: TokioIo<Upgraded>,
    /// The sub-protocol that the backend chose, one of those that were offered.
    pub(crate) protocol: Option<String>,
}

/// Why there is no connection to a backend.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DialError {
    Dns,
    Handshake(&'static str),
    Refused,
    Status(StatusCode, Option<Duration>),
    Timeout,
    Tls,
    Unreachable,
}

/// Opens a connection and asks for a WebSocket, all within this time.
pub(crate) async fn dial(
    route: &Route,
    request: Request<Empty<Bytes>>,
    patience: Duration,
) -> Result<Opened, DialError> {
    tokio::time::timeout(patience, open(route, request))
        .await
        .unwrap_or(Err(DialError::Timeout))
}

async fn open(route: &Route, request: Request<Empty<Bytes>>) -> Result<Opened, DialError> {
    let backend = route.backend();
    let stream = connect(&backend.host, backend.port).await?;
    match (&backend.tls_name, route.tls()) {
        (None, _) => shake_hands(stream, request).await,
        (Some(name), Some(config)) => {
            let connector = TlsConnector::from(config.clone());
            let stream = connector.connect(name.clone(), stream).await;
            let stream = stream.map_err(|error| {
                tracing::debug!(%backend, %error, "TLS");
                DialError::Tls
            })?;
            shake_hands(stream, request).await
        }
        // A route is prepared before it is used.
        (Some(_), None) => Err(DialError::Tls),
    }
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, DialError> {
    let addresses = lookup_host((host, port)).await.map_err(|error| {
        tracing::debug!(host, %error, "name of a backend");
        DialError::Dns
    })?;
    let mut last = DialError::Dns;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                if let Err(error) = stream.set_nodelay(true) {
                    // Slower, if it is not gone already.
                    tracing::debug!(%error, "TCP_NODELAY");
                }
                return Ok(stream);
            }
            Err(error) => {
                tracing::debug!(%address, %error, "backend");
                last = match error.kind() {
                    io::ErrorKind::ConnectionRefused => DialError::Refused,
                    _ => DialError::Unreachable,
                };
            }
        }
    }
    Err(last)
}

async fn shake_hands<S>(stream: S, request: Request<Empty<Bytes>>) -> Result<Opened, DialError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    const NO_HTTP: DialError = DialError::Handshake("its answer is no HTTP");
    let accept = request
        .headers()
        .get(SEC_WEBSOCKET_KEY)
        .map(|key| derive_accept_key(key.as_bytes()));
    let offered = request.headers().get(SEC_WEBSOCKET_PROTOCOL).cloned();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|_| NO_HTTP)?;
    // It ends with the sender, or hands the connection over with the upgrade.
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "handshake with a backend");
        }
    });
    let response = sender.send_request(request).await.map_err(|_| NO_HTTP)?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let advice = advice(response.headers());
        return Err(DialError::Status(response.status(), advice));
    }
    let protocol = check(response.headers(), accept.as_deref(), offered.as_ref())?;
    let connection = hyper::upgrade::on(response).await.map_err(|_| NO_HTTP)?;
    Ok(Opened {
        connection: TokioIo::new(connection),
        protocol,
    })
}

/// The rules of RFC 6455 section 4.1 for the answer; what is chosen comes back.
fn check(
    headers: &HeaderMap,
    accept: Option<&str>,
    offered: Option<&HeaderValue>,
) -> Result<Option<String>, DialError> {
    let names = |name: &HeaderName, token: &str| {
        let values = headers.get_all(name).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(token))
    };
    if !names(&UPGRADE, "websocket") || !names(&CONNECTION, "upgrade") {
        return Err(DialError::Handshake("it switches to another protocol"));
    }
    let answered = headers.get(SEC_WEBSOCKET_ACCEPT);
    if answered.and_then(|value| value.to_str().ok()) != accept {
        return Err(DialError::Handshake("its Sec-WebSocket-Accept is wrong"));
    }
    if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Err(DialError::Handshake("it uses an extension unasked"));
    }
    let mut chosen = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let Some(protocol) = chosen.next() else {
        return Ok(None);
    };
    let was_offered = offered
        .and_then(|offered| offered.to_str().ok())
        .is_some_and(|offered| offered.split(',').any(|name| protocol == name.trim()));
    match protocol.to_str() {
        Ok(protocol) if was_offered && chosen.next().is_none() => Ok(Some(protocol.to_owned())),
        _ => Err(DialError::Handshake("it chose a sub-protocol unasked")),
    }
}

fn advice(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_ADVICE))
}

impl DialError {
    /// The name in reasons and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dns => "backend-dns",
            Self::Handshake(_) => "backend-handshake",
            Self::Refused => "backend-refused",
            Self::Status(..) => "backend-status",
            Self::Timeout => "backend-timeout",
            Self::Tls => "backend-tls",
            Self::Unreachable => "backend-unreachable",
        }
    }

    /// What a client is told in a close.
    pub(crate) fn close(self) -> Close {
        let code = match self {
            Self::Status(status, _) if matches!(status.as_u16(), 401 | 403 | 429 | 503) => {
                CloseCode(4_000 + status.as_u16())
            }
            Self::Timeout => GATEWAY_TIMEOUT,
            _ => BAD_GATEWAY,
        };
        let close = Close::new(code, &self.to_string());
        match self {
            Self::Status(_, Some(advice)) => close.after(advice),
            _ => close,
        }
    }

    /// The status with which the handshake of a plain WebSocket is refused.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Status(status, _) if status.is_client_error() || status.is_server_error() => {
                status
            }
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    /// The advice of the backend, in seconds.
    pub(crate) fn retry_after(self) -> Option<u64> {
        match self {
            Self::Status(_, advice) => advice.map(|advice| advice.as_secs()),
            _ => None,
        }
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name())?;
        match self {
            Self::Dns => f.write_str("the name of the backend cannot be resolved"),
            Self::Handshake(why) => write!(f, "the backend opens no WebSocket, {why}"),
            Self::Refused => f.write_str("the backend refuses connections"),
            Self::Status(status, _) => write!(f, "the backend answered {}", status.as_u16()),
            Self::Timeout => f.write_str("the backend did not answer in time"),
            Self::Tls => f.write_str("the backend's certificate or TLS is not accepted"),
            Self::Unreachable => f.write_str("the backend cannot be reached"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_a_code_and_a_status_of_its_kind() {
        let status = |number| {
            let status = StatusCode::from_u16(number).expect("a status");
            DialError::Status(status, None)
        };
        for (error, code, http) in [
            (DialError::Dns, 4502, 502),
            (DialError::Refused, 4502, 502),
            (DialError::Tls, 4502, 502),
            (DialError::Timeout, 4504, 504),
            (status(401), 4401, 401),
            (status(403), 4403, 403),
            (status(404), 4502, 404),
            (status(429), 4429, 429),
            (status(503), 4503, 503),
            (status(200), 4502, 502),
            (status(302), 4502, 502),
        ] {
            assert_eq!(error.close().code, CloseCode(code), "{error}");
            assert_eq!(error.status().as_u16(), http, "{error}");
        }
    }
}
