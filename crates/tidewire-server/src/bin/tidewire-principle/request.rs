//! The bytes of an HTTP request, taken apart (RFC 9112).
//!
//! ```text
//! GET /chat HTTP/1.1\r\n                  the request line: method, target, version
//! Host: 127.0.0.1:8002\r\n                header lines: a name, a colon, a value
//! Upgrade: websocket\r\n
//! \r\n                                    an empty line ends it
//! ```
//!
//! It is strict: what two readers could read differently is refused, since the second reader may be a proxy.

use crate::answer::Answer;

const MALFORMED: &str = "400 Bad Request";

/// A request, as slices of the bytes that it came in.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// The target up to its query.
    pub(crate) path: &'a str,
    /// Major and minor, as in HTTP/1.1.
    pub(crate) version: (u8, u8),
    headers: Vec<(&'a [u8], &'a [u8])>,
    bytes: &'a [u8],
}

impl<'a> Request<'a> {
    /// Parses everything up to the empty line, with it. The error is the answer to send; it repeats nothing of the input.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Answer> {
        let refused = |reason| Answer::new(MALFORMED, reason);
        let lines = bytes
            .strip_suffix(b"\n\r\n")
            .ok_or_else(|| refused("the opening has to end with an empty line"))?;
        let mut lines = lines.split(|byte| *byte == b'\n').map(|line| {
            line.strip_suffix(b"\r")
                .filter(|line| line.iter().all(|byte| is_text(*byte)))
        });
        let (method, target, version) = lines
            .next()
            .flatten()
            .and_then(request_line)
            .ok_or_else(|| refused("the request line has to be `GET /path HTTP/1.1`"))?;
        let headers = lines
            .map(|line| line.and_then(header_line))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| refused("a header line has to be `Name: value`"))?;
        let path = target.split('?').next().unwrap_or_default();
        Ok(Self {
            method,
            path,
            version,
            headers,
            bytes,
        })
    }

    /// Every value of a header, in order. Names are the same in upper and lower case.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| *value)
    }

    /// The value of a header that may come once only; `None` where it is missing or repeated.
    pub(crate) fn single(&self, name: &str) -> Option<&'a [u8]> {
        let mut values = self.values(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// Whether a header that is a list (RFC 9110, 5.6.1) has this element, in any case.
    pub(crate) fn lists(&self, name: &str, element: &str) -> bool {
        self.values(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|item| item.trim_ascii().eq_ignore_ascii_case(element.as_bytes()))
    }

    /// The bytes, with stars for what only the server may see: a browser sends the cookies of every program on this
    /// host along, whatever its port.
    pub(crate) fn without_secrets(&self) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        for line in bytes.split_mut(|byte| *byte == b'\n') {
            let name = line.iter().position(|byte| *byte == b':').unwrap_or(0);
            let (name, value) = line.split_at_mut(name);
            if [&b"cookie"[..], b"authorization", b"proxy-authorization"]
                .iter()
                .any(|secret| name.eq_ignore_ascii_case(secret))
            {
                let stars = value.iter_mut().skip(1);
                stars
                    .filter(|byte| !byte.is_ascii_whitespace())
                    .for_each(|byte| *byte = b'*');
            }
        }
        bytes
    }
}

/// `GET /path HTTP/1.1`, one space between the three (RFC 9112, 3).
fn request_line(line: &[u8]) -> Option<(&str, &str, (u8, u8))> {
    let mut words = str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let sound = words.next().is_none()
        && is_token(method.as_bytes())
        && target.starts_with('/')
        && target
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#');
    match version.as_bytes() {
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            major @ b'0'..=b'9',
            b'.',
            minor @ b'0'..=b'9',
        ] if sound => Some((method, target, (major - b'0', minor - b'0'))),
        _ => None,
    }
}

/// `Name: value`; no space before the colon, and no line that continues the one before (RFC 9112, 5).
fn header_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let value = value.strip_prefix(b":")?.trim_ascii();
    is_token(name).then_some((name, value))
}

/// A word of the characters of RFC 9110, 5.6.2.
fn is_token(word: &[u8]) -> bool {
    !word.is_empty()
        && word
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// No control character but the tabulator; bytes above ASCII are let through, as RFC 9110, 5.5 has it.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_apart() {
        let bytes = b"GET /a/b?c=/d HTTP/1.1\r\nHost: x\r\nconnection:keep-alive,\t Upgrade \r\nX: 1\r\nx: 2\r\n\r\n";
        let request = Request::parse(bytes).expect("a request");
        assert_eq!((request.method, request.path), ("GET", "/a/b"));
        assert_eq!(request.version, (1, 1));
        assert_eq!(request.single("HOST"), Some(&b"x"[..]));
        assert_eq!(request.single("x"), None);
        assert_eq!(request.values("x").count(), 2);
        assert!(request.lists("Connection", "upgrade"));
        assert!(!request.lists("Connection", "keep"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for head in [
            "",
            "GET / HTTP/1.1",
            "GET  / HTTP/1.1",
            " GET / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "GET /\tHTTP/1.1",
            "GET HTTP/1.1",
            "GET x HTTP/1.1",
            "GET http://x/ HTTP/1.1",
            "GET /# HTTP/1.1",
            "GET /\u{e9} HTTP/1.1",
            "G\u{e9}T / HTTP/1.1",
            "GET / http/1.1",
            "GET / HTTP/1.10",
            "GET / HTTP/1",
            "GET / HTTP/1.1\r\nHost : x",
            "GET / HTTP/1.1\r\nHost",
            "GET / HTTP/1.1\r\n: x",
            "GET / HTTP/1.1\r\nHost: x\r\n more",
            "GET / HTTP/1.1\r\nHost: x\nA: b",
            "GET / HTTP/1.1\r\nHost: x\rA: b",
            "GET / HTTP/1.1\r\nHost: \0",
        ] {
            let mut bytes = head.as_bytes().to_vec();
            // The second row lacks its end.
            if head != "GET / HTTP/1.1" {
                bytes.extend(b"\r\n\r\n");
            }
            assert!(Request::parse(&bytes).is_err(), "{head:?}");
        }
    }

    #[test]
    fn secrets_become_stars_of_the_same_length() {
        let bytes = b"GET / HTTP/1.1\r\ncookie: a=b; c\r\nAuthorization:x\r\nHost: cookie\r\n\r\n";
        let shown = Request::parse(bytes).expect("a request").without_secrets();
        let hidden = b"GET / HTTP/1.1\r\ncookie: **** *\r\nAuthorization:*\r\nHost: cookie\r\n\r\n";
        assert_eq!(shown, hidden);
    }
}
