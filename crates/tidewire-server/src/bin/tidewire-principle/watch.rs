//! The transcripts on show, and who may read them.
//!
//! `/watch/NAME` is two things: a WebSocket that connects to it is recorded under the name, and a plain GET of it shows
//! the record. The page that chose the name is served from another address than this one, so the browser lets it read
//! the answer only where the answer allows that (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>).

use std::collections::VecDeque;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use crate::answer::Answer;
use crate::limits;
use crate::request::Request;
use crate::transcript::Recording;

/// What the path of a recorded connection begins with.
pub(crate) const PREFIX: &str = "/watch/";

/// The name in a path, where there is one: 1 to 64 letters, digits, `-` and `_`.
pub(crate) fn name(path: &str) -> Option<&str> {
    let name = path.strip_prefix(PREFIX)?;
    let sound = matches!(name.len(), 1..=64)
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    sound.then_some(name)
}

/// The newest transcripts, by name.
#[derive(Debug, Default)]
pub(crate) struct Gallery(Mutex<VecDeque<(String, Recording)>>);

impl Gallery {
    /// Begins a transcript. It takes the place of one with the same name, or of the oldest.
    pub(crate) fn record(&self, name: &str, opening: &[u8], answer: &[u8]) -> Recording {
        let recording = Recording::new(opening, answer);
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.retain(|(other, _)| other != name);
        if shown.len() == limits::TRANSCRIPTS {
            shown.pop_front();
        }
        shown.push_back((name.to_owned(), recording.clone()));
        recording
    }

    /// Answers a plain GET.
    pub(crate) fn show(&self, request: &Request<'_>) -> Answer {
        if !request.single("Host").is_some_and(is_own_host) {
            return Answer::new(
                "421 Misdirected Request",
                "transcripts are shown to localhost and to IP addresses only",
            );
        }
        let found = name(request.path).and_then(|name| self.find(name));
        let answer = match found {
            Some(recording) => Answer::new("200 OK", recording.lines()),
            None => Answer::new("404 Not Found", "no connection is recorded by that name"),
        };
        let answer = answer
            .header("Cache-Control", "no-store")
            .header("Vary", "Origin");
        let origin = request.single("Origin").and_then(loopback_origin);
        match origin {
            Some(origin) => answer.header("Access-Control-Allow-Origin", origin),
            None => answer,
        }
    }

    fn find(&self, name: &str) -> Option<Recording> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, recording) = shown.iter().find(|(other, _)| other == name)?;
        Some(recording.clone())
    }
}

/// An origin on this computer, which may read the answer: pages from elsewhere have no business with it.
fn loopback_origin(origin: &[u8]) -> Option<&str> {
    let origin = str::from_utf8(origin).ok()?;
    let (host, _) = host_and_port(origin.strip_prefix("http://")?)?;
    matches!(host, "127.0.0.1" | "localhost" | "[::1]").then_some(origin)
}

/// Whether `Host` is a name that nobody else can point here.
///
/// A page from `http://evil.example:8002` may have that name resolved to 127.0.0.1 the second time (DNS rebinding); to
/// the browser it then reads from its own server, and CORS does not apply. It cannot do so with an IP address.
fn is_own_host(host: &[u8]) -> bool {
    let host = str::from_utf8(host).ok().and_then(host_and_port);
    host.is_some_and(|(host, _)| {
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<Ipv4Addr>().is_ok()
            || bare.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok())
    })
}

/// Splits off a port, where there is one.
fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    match text.rsplit_once(':') {
        // A colon inside brackets belongs to an IPv6 address.
        Some((host, port)) if !port.ends_with(']') => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse().ok().filter(|_| digits)?;
            Some((host, Some(port)))
        }
        _ => Some((text, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        assert_eq!(name("/watch/a-B_9"), Some("a-B_9"));
        assert!(name(&format!("/watch/{}", "x".repeat(64))).is_some());
        for path in [
            "/watch/",
            "/watch",
            "/watch/a/b",
            "/watch/a.b",
            "/watch/%41",
            "/a",
            "/",
        ] {
            assert_eq!(name(path), None, "{path}");
        }
        assert_eq!(name(&format!("/watch/{}", "x".repeat(65))), None);
    }

    #[test]
    fn only_origins_on_this_computer_may_read() {
        for origin in [
            "http://127.0.0.1",
            "http://127.0.0.1:5000",
            "http://localhost:65535",
            "http://[::1]",
            "http://[::1]:80",
        ] {
            assert_eq!(loopback_origin(origin.as_bytes()), Some(origin));
        }
        for origin in [
            "null",
            "https://localhost",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://evil.example",
            "http://127.0.0.1:",
            "http://127.0.0.1:+5",
            "http://127.0.0.1:65536",
            "http://127.0.0.1:80/",
            "http://a@127.0.0.1",
            "http://::1",
            "http://[::1",
            "http://127.0.0.2",
            "HTTP://127.0.0.1",
        ] {
            assert_eq!(loopback_origin(origin.as_bytes()), None, "{origin}");
        }
    }

    #[test]
    fn a_host_that_another_could_point_here_is_not_its_own() {
        for host in [
            "127.0.0.1:8002",
            "localhost",
            "LocalHost:1",
            "[::1]:8002",
            "192.168.1.2",
        ] {
            assert!(is_own_host(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8002",
            "127.0.0.1.evil.example",
            "::1",
        ] {
            assert!(!is_own_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn the_newest_are_kept() {
        let gallery = Gallery::default();
        for number in 0..17 {
            gallery.record(&number.to_string(), b"first", b"");
        }
        assert!(gallery.find("0").is_none());
        gallery.record("1", b"second", b"");
        gallery.record("17", b"first", b"");
        assert!(gallery.find("2").is_none());
        let again = gallery.find("1").expect("the newer of two");
        assert!(again.lines().contains("7365636f6e64"));
    }
}
