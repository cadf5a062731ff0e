//! The address of a server, in the forms that the carriers need.

use wasm_bindgen::prelude::*;

use crate::env::{global, global_scope, property, text};
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
        // As the browser's parser writes it: the scheme in lower case, and the host between
        // `//`, or a user, and the path.
        let (href, host) = (part("href"), part("host"));
        let rest = href.strip_prefix("http").or(href.strip_prefix("ws"));
        let rest = rest.ok_or(UrlError::Scheme)?;
        let (is_secure, rest) = match rest.strip_prefix('s') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let place = rest.strip_prefix("://").ok_or(UrlError::Scheme)?;
        let path = place.strip_prefix(&*host);
        if !path.is_some_and(|path| path.starts_with('/')) {
            return Err(UrlError::Credentials);
        }
        if place.bytes().any(|byte| byte == b'#') {
            return Err(UrlError::Fragment);
        }
        if !is_secure && is_page_secure() && !is_loopback(&part("hostname")) {
            return Err(UrlError::Insecure);
        }
        let with = |scheme: &str| {
            let mut form = String::from(scheme);
            form.push_str(if is_secure { "s" } else { "" });
            form.push_str(rest);
            form
        };
        Ok(Self {
            socket: with("ws"),
            http: with("http"),
            host,
        })
    }
}

/// A worker that was made from a blob has an address that nothing can be relative to; its origin is
/// the page's. Outside of browsers there is neither.
fn resolve(address: &str) -> Result<Url, UrlError> {
    let relative_to = |base: Option<JsValue>| Url::new(address, &base.unwrap_or_default());
    relative_to(global("location").and_then(|location| property(&location, "href")))
        .or_else(|_| relative_to(global("origin")))
        .map_err(|_| UrlError::Malformed)
}

fn is_page_secure() -> bool {
    text(&global_scope(), "origin").starts_with("https:")
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
