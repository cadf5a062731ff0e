//! The head of the request with which the gateway opens a connection to a backend.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    CONNECTION, COOKIE, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{Request, Uri};
use http_body_util::Empty;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use crate::network::Network;
use crate::route::Route;
use crate::target::Target;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where a request comes from, as it is kept with the head of the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The other end of the TCP connection.
    peer: IpAddr,
    /// The client: the peer, or whom a trusted proxy names.
    pub(crate) client: IpAddr,
    /// What the request says of itself is believed.
    is_trusted: bool,
}

impl Origin {
    /// Follows `X-Forwarded-For` backwards from the peer, as long as what it finds is a trusted proxy.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let is_proxy = |address| trusted.iter().any(|network| network.contains(address));
        let is_trusted = is_proxy(peer);
        let mut client = peer;
        let named: Vec<_> = headers
            .get_all(X_FORWARDED_FOR)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|address| address.trim().parse().ok())
            .collect();
        let mut named = named.into_iter().rev();
        while is_proxy(client)
            && let Some(Some(before)) = named.next()
        {
            client = before;
        }
        Self {
            peer,
            client,
            is_trusted,
        }
    }
}

/// What a connection to a backend is opened with.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) route: Arc<Route>,
    /// On whose behalf.
    pub(crate) client: IpAddr,
    pub(crate) request: Request<Empty<Bytes>>,
}

impl Opening {
    /// The opening for a request whose target and origin were found when it came in.
    pub(crate) fn of(parts: &Parts, protocols: &str) -> Result<Self, &'static str> {
        let target = parts.extensions.get::<Target>();
        let origin = parts.extensions.get::<Origin>();
        let (Some(target), Some(origin)) = (target, origin) else {
            return Err("target: there is none");
        };
        let request = write(target, parts, *origin, protocols)
            .map_err(|_| "request: it cannot be written")?;
        Ok(Self {
            route: target.route.clone(),
            client: origin.client,
            request,
        })
    }
}

/// The sub-protocols that a handshake offers, as one header has them.
pub(crate) fn offered(parts: &Parts) -> String {
    let values = parts.headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    values.join(", ")
}

/// The request that asks the backend for a WebSocket on behalf of the one with these parts.
fn write(
    target: &Target,
    parts: &Parts,
    origin: Origin,
    protocols: &str,
) -> Result<Request<Empty<Bytes>>, http::Error> {
    let host = parts.headers.get(HOST);
    let asked_host = match host {
        Some(host) if target.route.preserves_host() => host,
        _ => &target.route.backend().authority,
    };
    let mut request = Request::get(Uri::from(target.path.clone()))
        .header(HOST, asked_host)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, generate_key());
    if !protocols.is_empty() {
        request = request.header(SEC_WEBSOCKET_PROTOCOL, protocols);
    }
    let mut request = request.body(Empty::new())?;
    let headers = request.headers_mut();
    for name in target.route.headers() {
        // A header that the request calls one of its connection's is no one else's.
        if is_named_by_connection(&parts.headers, name) {
            continue;
        }
        for value in parts.headers.get_all(name) {
            let value = match *name == COOKIE && !target.route.takes_all_cookies() {
                true => chosen_cookies(value, |name| target.route.takes_cookie(name)),
                false => Some(value.clone()),
            };
            if let Some(value) = value {
                headers.append(name, value);
            }
        }
    }
    say_where_from(headers, &parts.headers, origin, host)?;
    Ok(request)
}

fn is_named_by_connection(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case(name.as_str()))
}

fn chosen_cookies(value: &HeaderValue, takes: impl Fn(&str) -> bool) -> Option<HeaderValue> {
    let chosen: Vec<_> = value
        .to_str()
        .ok()?
        .split(';')
        .map(str::trim)
        .filter(|cookie| takes(cookie.split('=').next().unwrap_or_default()))
        .collect();
    if chosen.is_empty() {
        return None;
    }
    HeaderValue::from_str(&chosen.join("; ")).ok()
}

/// Writes `Forwarded` (RFC 7239) and its older relatives: alone, or behind what a trusted proxy wrote.
fn say_where_from(
    to: &mut HeaderMap,
    from: &HeaderMap,
    origin: Origin,
    host: Option<&HeaderValue>,
) -> Result<(), http::Error> {
    let before = |name: HeaderName| {
        let values = from.get_all(name).iter().filter(|_| origin.is_trusted);
        let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
        values.join(", ")
    };
    let peer = origin.peer.to_canonical();
    let scheme = Some(before(X_FORWARDED_PROTO)).filter(|scheme| scheme == "https");
    let scheme = scheme.as_deref().unwrap_or("http");
    let mut forwarded = match peer {
        IpAddr::V4(address) => format!("for={address}"),
        IpAddr::V6(address) => format!("for=\"[{address}]\""),
    };
    if let Some(host) = host.and_then(|host| host.to_str().ok())
        && !host.contains(['"', '\\'])
    {
        // Formatting into a String cannot fail.
        let _ = write!(forwarded, ";host=\"{host}\"");
        to.insert(X_FORWARDED_HOST, HeaderValue::from_str(host)?);
    }
    let _ = write!(forwarded, ";proto={scheme}");
    to.insert(FORWARDED, joined(&before(FORWARDED), &forwarded)?);
    to.insert(
        X_FORWARDED_FOR,
        joined(&before(X_FORWARDED_FOR), &peer.to_string())?,
    );
    to.insert(X_FORWARDED_PROTO, HeaderValue::from_str(scheme)?);
    Ok(())
}

fn joined(before: &str, last: &str) -> Result<HeaderValue, http::Error> {
    let value = match before {
        "" => HeaderValue::from_str(last),
        before => HeaderValue::from_str(&format!("{before}, {last}")),
    };
    Ok(value?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::route::Route;

    fn asked(
        route: Route,
        headers: &[(&'static str, &'static str)],
        trusted: &[&str],
    ) -> HeaderMap {
        let mut request = Request::get("/chat/x?y=1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let target = Target::find(&[Arc::new(route)], &parts.uri).expect("a target");
        let trusted: Vec<Network> = trusted
            .iter()
            .map(|network| network.parse().expect("a network"))
            .collect();
        let peer = IpAddr::from([192, 0, 2, 7]);
        let origin = Origin::of(peer, &parts.headers, &trusted);
        let request = write(&target, &parts, origin, "one, two").expect("a request");
        assert_eq!(request.uri(), "/ws/x?y=1");
        request.headers().clone()
    }

    fn route() -> Route {
        Route::new("/chat", "ws://backend.test/ws").expect("a route")
    }

    const SPOOFED: [(&str, &str); 5] = [
        ("host", "app.test"),
        ("forwarded", "for=203.0.113.9;proto=https"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
        ("x-real-ip", "203.0.113.9"),
    ];

    #[test]
    fn what_a_client_says_of_its_address_is_replaced() {
        let headers = asked(route(), &SPOOFED, &["10.0.0.0/8"]);
        assert_eq!(
            headers[FORWARDED],
            "for=192.0.2.7;host=\"app.test\";proto=http"
        );
        assert_eq!(headers[X_FORWARDED_FOR], "192.0.2.7");
        assert_eq!(headers[X_FORWARDED_PROTO], "http");
        assert_eq!(headers[X_FORWARDED_HOST], "app.test");
        assert!(!headers.contains_key("x-real-ip"));
        assert_eq!(headers[HOST], "backend.test");
        assert_eq!(headers[SEC_WEBSOCKET_PROTOCOL], "one, two");
    }

    #[test]
    fn what_a_trusted_proxy_says_is_continued() {
        let headers = asked(route(), &SPOOFED, &["192.0.2.0/24"]);
        assert_eq!(
            headers[FORWARDED],
            "for=203.0.113.9;proto=https, for=192.0.2.7;host=\"app.test\";proto=https"
        );
        assert_eq!(headers[X_FORWARDED_FOR], "203.0.113.9, 192.0.2.7");
    }

    #[test]
    fn the_client_is_whom_the_last_proxy_that_is_not_ours_names() {
        let mut headers = HeaderMap::new();
        headers.insert(
            X_FORWARDED_FOR,
            HeaderValue::from_static("1.1.1.1, 203.0.113.9, 10.0.0.2"),
        );
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        let of = |peer: [u8; 4]| Origin::of(IpAddr::from(peer), &headers, &trusted).client;
        assert_eq!(of([10, 0, 0, 1]), IpAddr::from([203, 0, 113, 9]));
        assert_eq!(of([192, 0, 2, 7]), IpAddr::from([192, 0, 2, 7]));
    }

    #[test]
    fn only_the_chosen_headers_and_cookies_are_forwarded() {
        let headers = [
            ("host", "app.test"),
            ("cookie", "sid=1; tracker=2"),
            ("cookie", "other=3"),
            ("authorization", "Bearer x"),
            ("origin", "https://app.test"),
            ("x-secret", "1"),
            ("connection", "Upgrade, Authorization"),
            ("sec-websocket-extensions", "permessage-deflate"),
        ];
        let all = asked(route(), &headers, &[]);
        assert_eq!(all.get_all(COOKIE).iter().count(), 2);
        assert_eq!(all["origin"], "https://app.test");
        for name in ["x-secret", "authorization", "sec-websocket-extensions"] {
            assert!(!all.contains_key(name), "{name}");
        }

        let chosen = route()
            .forward_headers(["Cookie", "X-Secret"])
            .expect("headers")
            .forward_cookies(["sid"])
            .preserve_host();
        let chosen = asked(chosen, &headers, &[]);
        assert_eq!(chosen[COOKIE], "sid=1");
        assert_eq!(chosen.get_all(COOKIE).iter().count(), 1);
        assert_eq!(chosen["x-secret"], "1");
        assert_eq!(chosen[HOST], "app.test");
        assert!(!chosen.contains_key("origin"));
    }
}
