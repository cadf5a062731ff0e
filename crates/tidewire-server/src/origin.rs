//! Which pages may talk to this server.
//!
//! Browsers send `Origin` with every WebSocket handshake and every POST, so this one check guards both carriers against
//! other people's pages (CWE-1385). A request without `Origin` comes from no page: the check lets it through.

use std::collections::BTreeSet;

use http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use http::request::Parts;
use tidewire_proto::ConfigError;

/// The pages that may connect: those of the server's own origin, and those that are named.
///
/// `null` is never allowed by a list, and a name is compared as a whole, so no suffix or prefix trick helps.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    any: bool,
    listed: BTreeSet<String>,
    loopback: bool,
}

/// What an allowed request said about its page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Caller {
    /// No `Origin`: not a page.
    NoPage,
    /// A page of another origin that is allowed; answers to it need this in `Access-Control-Allow-Origin`.
    Other(HeaderValue),
    /// A page of the server's own origin.
    Same,
}

/// Why a request was refused for its `Origin`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OriginError {
    /// The page's origin is not allowed.
    Foreign,
    /// More than one `Origin`, or one that is not text.
    Malformed,
}

impl Origins {
    /// Only pages of the server's own origin: `Origin` names the authority that `Host` names. The scheme is not compared,
    /// since a proxy in front may have ended TLS.
    pub fn same() -> Self {
        Self::default()
    }

    /// Any page at all. Right for public data without credentials only.
    pub fn any() -> Self {
        Self {
            any: true,
            ..Self::default()
        }
    }

    /// Also pages of this origin: `https://app.example` or `http://app.example:8080`.
    ///
    /// # Errors
    /// [`ConfigError`] where this is not an origin: a path, a trailing slash or dot, a wildcard, no scheme.
    pub fn and(mut self, origin: &str) -> Result<Self, ConfigError> {
        let origin = normalise(origin).ok_or(ConfigError { field: "origins" })?;
        self.listed.insert(origin);
        Ok(self)
    }

    /// Also pages that this machine serves, on any port: `localhost`, `127.0.0.1`, `[::1]`. For development.
    #[must_use]
    pub fn and_loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// Whether pages of other origins may be allowed at all, so that a preflight makes sense.
    pub fn allows_others(&self) -> bool {
        self.any || self.loopback || !self.listed.is_empty()
    }

    /// Whether every page is allowed.
    pub fn allows_any(&self) -> bool {
        self.any
    }

    /// Judges the headers of a request.
    ///
    /// # Errors
    /// [`OriginError`] where the request must be refused: 400 when malformed, 403 when foreign.
    pub fn check(&self, headers: &HeaderMap) -> Result<Caller, OriginError> {
        let mut values = headers.get_all(ORIGIN).iter();
        let Some(value) = values.next() else {
            return Ok(Caller::NoPage);
        };
        if values.next().is_some() {
            return Err(OriginError::Malformed);
        }
        let text = value.to_str().map_err(|_| OriginError::Malformed)?;
        if self.any {
            return Ok(Caller::Other(value.clone()));
        }
        let origin = normalise(text).ok_or(OriginError::Foreign)?;
        if is_same(&origin, headers) {
            Ok(Caller::Same)
        } else if self.listed.contains(&origin) || (self.loopback && is_loopback(&origin)) {
            Ok(Caller::Other(value.clone()))
        } else {
            Err(OriginError::Foreign)
        }
    }
}

/// The origin in lower case without the default port of its scheme; `None` for what is not an origin.
fn normalise(origin: &str) -> Option<String> {
    let origin = origin.to_ascii_lowercase();
    let (scheme, authority) = origin.split_once("://")?;
    let scheme_ok = !scheme.is_empty()
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let authority_ok = !authority.is_empty()
        && !host_of(authority).ends_with('.')
        && authority.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'[' | b']' | b'_')
        });
    (scheme_ok && authority_ok)
        .then(|| format!("{scheme}://{}", without_default_port(scheme, authority)))
}

fn is_same(origin: &str, headers: &HeaderMap) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let host = host.to_ascii_lowercase();
    matches!(scheme, "http" | "https") && without_default_port(scheme, &host) == authority
}

fn is_loopback(origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(scheme, authority)| {
        matches!(scheme, "http" | "https")
            && matches!(host_of(authority), "localhost" | "127.0.0.1" | "[::1]")
    })
}

/// Whether a request names one of these hosts, ports aside, as guards against DNS rebinding; without any, all are meant.
pub fn is_meant_for(parts: &Parts, hosts: &[String]) -> bool {
    if hosts.is_empty() {
        return true;
    }
    let named = match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(HOST).and_then(|host| host.to_str().ok()),
    };
    named.map(host_of).is_some_and(|named| {
        let mut ours = hosts.iter();
        ours.any(|ours| ours.eq_ignore_ascii_case(named))
    })
}

/// The host of an authority, without its port.
pub(crate) fn host_of(authority: &str) -> &str {
    match authority.rfind(':') {
        Some(colon)
            if !authority
                .get(colon..)
                .is_some_and(|rest| rest.contains(']')) =>
        {
            authority.get(..colon).unwrap_or(authority)
        }
        _ => authority,
    }
}

fn without_default_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return authority,
    };
    authority.strip_suffix(port).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(
        origins: &Origins,
        host: &'static str,
        origin: &'static str,
    ) -> Result<Caller, OriginError> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(host));
        headers.insert(ORIGIN, HeaderValue::from_static(origin));
        origins.check(&headers)
    }

    #[test]
    fn same_origin_is_the_default() {
        let same = Origins::same();
        for (host, origin) in [
            ("app.example", "https://app.example"),
            ("app.example", "http://app.example:80"),
            ("app.example:8080", "http://app.example:8080"),
            ("App.Example", "https://APP.example"),
            ("[::1]:5000", "http://[::1]:5000"),
        ] {
            assert_eq!(
                judge(&same, host, origin),
                Ok(Caller::Same),
                "{host} {origin}"
            );
        }
        for (host, origin) in [
            ("app.example", "null"),
            ("app.example", "https://evil.example"),
            ("app.example", "https://app.example.evil.example"),
            ("app.example", "https://evil-app.example"),
            ("app.example", "https://app.example:8443"),
            ("app.example", "https://app.example."),
            ("app.example", "ftp://app.example"),
            ("app.example", "https://app.example/path"),
            ("app.example", ""),
            ("app.example:5000", "http://app.example"),
        ] {
            assert_eq!(
                judge(&same, host, origin),
                Err(OriginError::Foreign),
                "{host} {origin}"
            );
        }
    }

    #[test]
    fn a_list_names_whole_origins() {
        let listed = Origins::same()
            .and("https://good.example")
            .expect("an origin");
        for origin in [
            "https://good.example",
            "https://GOOD.example",
            "https://good.example:443",
        ] {
            assert!(
                matches!(judge(&listed, "api.example", origin), Ok(Caller::Other(_))),
                "{origin}"
            );
        }
        for origin in [
            "http://good.example",
            "https://good.example:444",
            "https://good.example.",
            "https://good.example.evil.example",
            "https://a.good.example",
            "null",
        ] {
            assert_eq!(
                judge(&listed, "api.example", origin),
                Err(OriginError::Foreign),
                "{origin}"
            );
        }
    }

    #[test]
    fn loopback_means_this_machine_only() {
        let loopback = Origins::same().and_loopback();
        for origin in [
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://[::1]:9",
        ] {
            assert!(
                matches!(
                    judge(&loopback, "127.0.0.1:5000", origin),
                    Ok(Caller::Other(_))
                ),
                "{origin}"
            );
        }
        for origin in [
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example:80",
            "http://[::1].evil.example",
        ] {
            assert_eq!(
                judge(&loopback, "127.0.0.1:5000", origin),
                Err(OriginError::Foreign),
                "{origin}"
            );
        }
    }

    #[test]
    fn what_is_not_an_origin_is_not_taken_into_the_list() {
        for text in [
            "good.example",
            "https://good.example/",
            "https://*.example",
            "null",
            "*",
            "https://",
        ] {
            assert!(Origins::same().and(text).is_err(), "{text}");
        }
    }
}
