//! One way through the gateway: a path, and the backend behind it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Uri;
use http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, COOKIE, HeaderName, HeaderValue, ORIGIN, USER_AGENT,
};
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::error::ConfigError;
use crate::tls;

/// Headers that are never forwarded by name: they belong to one connection (RFC 9110 section 7.6.1), to the handshake that the
/// gateway makes itself, to a body that the backend never sees, or to what the gateway says of the client.
const OWN_HEADERS: [&str; 21] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
];

/// A path of the gateway, the backend that serves it, and what of a request goes there.
#[derive(Clone)]
pub struct Route {
    /// Without a slash at its end; empty for the root.
    path: String,
    backend: Backend,
    headers: Vec<HeaderName>,
    cookies: Option<Vec<String>>,
    preserves_host: bool,
    ca_file: Option<PathBuf>,
    tls: Option<Arc<ClientConfig>>,
}

/// Where a backend listens.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// As in `Host`.
    pub(crate) authority: HeaderValue,
    /// For a backend behind TLS: the name that its certificate must have.
    pub(crate) tls_name: Option<ServerName<'static>>,
    path: String,
}

impl Route {
    /// Requests to `path`, and to whatever is below it, go to `backend`: `ws://` or `wss://`, a host, a port if it is not the
    /// default one, and a path, which takes the place of `path`. Forwarded are the query, `Origin`, `Authorization`, `Cookie`,
    /// `User-Agent` and `Accept-Language`.
    ///
    /// # Errors
    /// [`ConfigError`] where either cannot be understood: a path without a slash in front, a URL with user information, a query or
    /// a fragment.
    pub fn new(path: &str, backend: &str) -> Result<Self, ConfigError> {
        if !path.starts_with('/') || path.contains(['?', '#', '%', '\\']) || path.contains("//") {
            return Err(ConfigError::Path(path.to_owned()));
        }
        Ok(Self {
            path: path.trim_end_matches('/').to_owned(),
            backend: Backend::parse(backend)?,
            headers: vec![ORIGIN, AUTHORIZATION, COOKIE, USER_AGENT, ACCEPT_LANGUAGE],
            cookies: None,
            preserves_host: false,
            ca_file: None,
            tls: None,
        })
    }

    /// The same, with the backend's own path: what goes to `ws://127.0.0.1:1234/path` comes in at `/path`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn to(backend: &str) -> Result<Self, ConfigError> {
        let parsed = Backend::parse(backend)?;
        Self::new(&parsed.path, backend)
    }

    /// The headers that are forwarded, in the place of those that [`new`](Self::new) lists.
    ///
    /// # Errors
    /// [`ConfigError`] for what is no name of a header, and for one that the gateway writes itself or that belongs to one
    /// connection.
    pub fn forward_headers<'a>(
        mut self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ConfigError> {
        self.headers = names
            .into_iter()
            .map(header_name)
            .collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// The cookies that are forwarded, by name, where `Cookie` is forwarded at all. Default: all of them.
    #[must_use]
    pub fn forward_cookies<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.cookies = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Sends the client's `Host` to the backend instead of the backend's own, as for a backend that compares it with `Origin`.
    /// Where the backend serves several names, name those that clients may use in
    /// [`GatewayConfig::hosts`](crate::GatewayConfig::hosts). Default: no.
    #[must_use]
    pub fn preserve_host(mut self) -> Self {
        self.preserves_host = true;
        self
    }

    /// Trusts the certificates in this PEM file, and no others, to vouch for a `wss` backend. Default: those of the system.
    #[must_use]
    pub fn ca_file(mut self, path: impl AsRef<Path>) -> Self {
        self.ca_file = Some(path.as_ref().to_owned());
        self
    }

    /// The path at which requests come in, without a slash at its end; empty for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Reads the certificates that the backend needs.
    pub(crate) fn prepare(&mut self) -> Result<(), ConfigError> {
        if self.backend.tls_name.is_some() {
            self.tls = Some(tls::client(self.ca_file.as_deref())?);
        }
        Ok(())
    }

    /// What of this path is below the route: empty, or from a slash on.
    pub(crate) fn rest_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(self.path.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }

    pub(crate) fn backend_path(&self, rest: &str) -> String {
        let base = &self.backend.path;
        // The root itself has no rest but its slash.
        if rest.is_empty() || (self.path.is_empty() && rest == "/") {
            return base.clone();
        }
        format!("{}{rest}", base.trim_end_matches('/'))
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.backend
    }

    pub(crate) fn tls(&self) -> Option<&Arc<ClientConfig>> {
        self.tls.as_ref()
    }

    pub(crate) fn headers(&self) -> &[HeaderName] {
        &self.headers
    }

    /// Whether a cookie of this name goes to the backend.
    pub(crate) fn takes_cookie(&self, name: &str) -> bool {
        self.cookies
            .as_ref()
            .is_none_or(|names| names.iter().any(|known| known == name))
    }

    pub(crate) fn takes_all_cookies(&self) -> bool {
        self.cookies.is_none()
    }

    pub(crate) fn preserves_host(&self) -> bool {
        self.preserves_host
    }
}

impl Backend {
    fn parse(url: &str) -> Result<Self, ConfigError> {
        let wrong = |why| ConfigError::Backend {
            url: url.to_owned(),
            why,
        };
        if url.contains('#') {
            return Err(wrong("a fragment is of no use"));
        }
        let uri: Uri = url.parse().map_err(|_| wrong("it is not a URL"))?;
        let is_tls = match uri.scheme_str() {
            Some("ws") => false,
            Some("wss") => true,
            _ => return Err(wrong("it does not begin with ws:// or wss://")),
        };
        let authority = uri.authority().ok_or(wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("user information is of no use"));
        }
        if uri.query().is_some() {
            return Err(wrong("the query is the client's"));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let tls_name = match is_tls {
            true => Some(
                ServerName::try_from(host.clone())
                    .map_err(|_| wrong("no certificate can have this name"))?,
            ),
            false => None,
        };
        Ok(Self {
            port: authority
                .port_u16()
                .unwrap_or(if is_tls { 443 } else { 80 }),
            authority: HeaderValue::from_str(authority.as_str())
                .map_err(|_| wrong("its host is no text"))?,
            path: uri.path().to_owned(),
            host,
            tls_name,
        })
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls_name.is_some() { "wss" } else { "ws" };
        write!(
            f,
            "{scheme}://{}",
            self.authority.to_str().unwrap_or_default()
        )
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("path", &self.path)
            .field(
                "backend",
                &format_args!("{}{}", self.backend, self.backend.path),
            )
            .finish_non_exhaustive()
    }
}

fn header_name(name: &str) -> Result<HeaderName, ConfigError> {
    let lower = name.to_ascii_lowercase();
    if OWN_HEADERS.contains(&lower.as_str()) || lower.starts_with("sec-websocket-") {
        return Err(ConfigError::OwnHeader(lower));
    }
    HeaderName::try_from(lower).map_err(|_| ConfigError::Header(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_is_a_web_socket_url_and_nothing_else() {
        for url in [
            "http://a.test",
            "ws:///path",
            "ws://user@a.test",
            "ws://a.test/?q=1",
            "ws://a.test/#f",
            "a.test:1234",
            "",
        ] {
            assert!(Route::to(url).is_err(), "{url}");
        }
        let backend = Route::to("ws://[::1]:1234/a").expect("a route");
        assert_eq!(backend.backend().host, "::1");
        assert_eq!(backend.backend().port, 1234);
        assert_eq!(backend.path(), "/a");
        let secure = Route::to("wss://a.test").expect("a route");
        assert_eq!((secure.backend().port, secure.path()), (443, ""));
    }

    #[test]
    fn headers_of_a_connection_cannot_be_forwarded() {
        for name in [
            "Connection",
            "upgrade",
            "Sec-WebSocket-Key",
            "X-Forwarded-For",
            "host",
            "bad name",
        ] {
            let route = Route::to("ws://a.test").expect("a route");
            assert!(route.forward_headers([name]).is_err(), "{name}");
        }
    }

    #[test]
    fn a_path_begins_with_a_slash() {
        for path in ["", "chat", "/a?b", "/a//b", "/%41"] {
            assert!(Route::new(path, "ws://a.test").is_err(), "{path}");
        }
    }
}
