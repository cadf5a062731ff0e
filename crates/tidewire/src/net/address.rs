//! The address of a server, in the forms that the carriers need.

use wasm_bindgen::prelude::*;

use crate::env::{global, property, text};
use crate::error::UrlError;

/// One endpoint: the same place for WebSocket and for HTTP.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Address {
    /// With the scheme `ws` or `wss`.
    pub(crate) socket: String,
    /// With the scheme `http` or `https`.
    pub(crate) http: String,
    /// Host and port, where the port is not the scheme's own.
    pub(crate) host: String,
}

impl Address {
    /// Reads an address that is absolute, or relative to the page's or the worker's own.
    pub(crate) fn parse(address: &str) -> Result<Self, UrlError> {
        let url = resolve(address)?;
        let part = |name| text(&url, name);
        let (scheme, href, host) = (part("protocol"), part("href"), part("host"));
        let (is_socket, is_secure) = match &*scheme {
            "http:" => (false, false),
            "https:" => (false, true),
            "ws:" => (true, false),
            "wss:" => (true, true),
            _ => return Err(UrlError::Scheme),
        };
        if !part("username").is_empty() || !part("password").is_empty() {
            return Err(UrlError::Credentials);
        }
        if href.bytes().any(|byte| byte == b'#') {
            return Err(UrlError::Fragment);
        }
        if !is_secure && is_page_secure() && !is_loopback(&part("hostname")) {
            return Err(UrlError::Insecure);
        }
        let rest = href.strip_prefix(&*scheme).unwrap_or_default();
        let with = |scheme: &str| {
            let mut form = String::from(scheme);
            form.push_str(if is_secure { "s:" } else { ":" });
            form.push_str(rest);
            form
        };
        Ok(match is_socket {
            true => Self {
                http: with("http"),
                socket: href,
                host,
            },
            false => Self {
                socket: with("ws"),
                http: href,
                host,
            },
        })
    }
}

/// A worker that was made from a blob has an address that nothing can be relative to; its origin is
/// the page's. Outside of browsers there is neither.
fn resolve(address: &str) -> Result<Url, UrlError> {
    let href = global("location").and_then(|location| property(&location, "href"));
    [href, global("origin"), Some(JsValue::UNDEFINED)]
        .iter()
        .flatten()
        .find_map(|base| Url::new(address, base).ok())
        .ok_or(UrlError::Malformed)
}

fn is_page_secure() -> bool {
    let origin = global("origin").and_then(|origin| origin.as_string());
    origin.is_some_and(|origin| origin.starts_with("https:"))
}

/// Browsers trust the machine itself without encryption (Secure Contexts section 3.1).
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.starts_with("127.")
        || host == "[::1]"
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = URL)]
    type Url;

    /// `base` may be undefined.
    #[wasm_bindgen(constructor, js_class = "URL", catch)]
    fn new(address: &str, base: &JsValue) -> Result<Url, JsValue>;
}
