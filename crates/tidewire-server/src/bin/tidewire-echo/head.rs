//! Heads of requests and answers, as bytes and as they are shown.

use http::request::Parts;
use serde::Serialize;

/// The longest head that is kept, in bytes; the server takes no longer ones.
pub(crate) const MAX_HEAD: usize = 16 * 1024;

/// Header fields whose values are secrets.
const SECRETS: [&str; 4] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
];

/// A head, readable and without secrets.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Head {
    /// The request line or the status line.
    line: String,
    /// Names and values in order.
    headers: Vec<(String, String)>,
    /// Its length with the empty line behind it.
    bytes: usize,
}

impl Head {
    /// Reads a head from its bytes; `None` where it is none, or too long to be kept.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_HEAD {
            return None;
        }
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.strip_suffix("\r\n\r\n")?.split("\r\n");
        let line = lines.next()?.to_owned();
        let headers = lines
            .map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_secret = SECRETS
                    .iter()
                    .any(|secret| name.eq_ignore_ascii_case(secret));
                let value = if is_secret { "hidden" } else { value.trim() };
                Some((name.to_owned(), value.to_owned()))
            })
            .collect::<Option<_>>()?;
        let bytes = bytes.len();
        Some(Self {
            line,
            headers,
            bytes,
        })
    }

    pub(crate) fn line(&self) -> &str {
        &self.line
    }
}

/// Where a head ends in these bytes, with the empty line behind it; `None` where it goes on.
pub(crate) fn end(bytes: &[u8]) -> Option<usize> {
    let empty_line = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(empty_line + 4)
}

/// The first line of a request.
pub(crate) fn request_line(parts: &Parts) -> String {
    format!("{} {} {:?}", parts.method, parts.uri, parts.version)
}

/// The head of a request, written anew from what the HTTP library made of it: names are in lower case, and white space
/// around values is what is usual. So its length is that of the head that came, but for unusual white space.
pub(crate) fn rebuild(parts: &Parts) -> Vec<u8> {
    let mut bytes = request_line(parts).into_bytes();
    for (name, value) in &parts.headers {
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
    }
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] = b"GET /a?b HTTP/1.1\r\nHost: one\r\nCOOKIE: a=b\r\nX:\r\n\r\n";

    #[test]
    fn a_head_is_read_in_order_and_secrets_are_hidden() {
        let head = Head::read(WHOLE).expect("a head");
        assert_eq!(head.line(), "GET /a?b HTTP/1.1");
        let headers = [("Host", "one"), ("COOKIE", "hidden"), ("X", "")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!((head.headers, head.bytes), (headers.to_vec(), WHOLE.len()));
    }

    #[test]
    fn what_is_no_head_is_not_read() {
        let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(MAX_HEAD));
        for bytes in [
            b"".as_slice(),
            b"GET / HTTP/1.1\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            long.as_bytes(),
        ] {
            assert_eq!(Head::read(bytes), None);
        }
    }

    #[test]
    fn a_head_ends_behind_the_first_empty_line() {
        assert_eq!(end(WHOLE), Some(WHOLE.len()));
        assert_eq!(end(&[WHOLE, b"\r\n\r\n"].concat()), Some(WHOLE.len()));
        assert_eq!(end(&WHOLE[..WHOLE.len() - 1]), None);
    }

    #[test]
    fn a_rebuilt_head_has_the_length_of_the_one_that_came() {
        let request = http::Request::get("/a?b")
            .header("host", "one")
            .header("cookie", "a=b")
            .header("x", "y");
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let came = b"GET /a?b HTTP/1.1\r\nHost: one\r\nCookie: a=b\r\nX: y\r\n\r\n";
        assert_eq!(rebuild(&parts).len(), came.len());
        assert!(rebuild(&parts).eq_ignore_ascii_case(came));
    }
}
