//! The opening handshake: a client asks over HTTP to go on with WebSocket (RFC 6455, 4).
//!
//! ```text
//! GET /chat HTTP/1.1                                     HTTP/1.1 101 Switching Protocols
//! Host: 127.0.0.1:8002                                   Upgrade: websocket
//! Upgrade: websocket                            ->       Connection: Upgrade
//! Connection: Upgrade                                    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
//! Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
//! Sec-WebSocket-Version: 13
//! ```
//!
//! The key is 16 random bytes. It protects nothing; the answer to it proves that the server has understood a request for
//! WebSocket, and is not some other program that was tricked into echoing what a page sent to it.
//!
//! A browser adds `Origin`, the address of the page that asks. Any page may connect to any server, so one that knows its
//! users by their cookies has to refuse pages that are not its own (RFC 6455, 10.2). This one knows nobody and gives back
//! what it was given, so it serves every page.

use std::time::Instant;

use crate::answer::Answer;
use crate::request::Request;
use crate::wire::{Loss, Wire};
use crate::{base64, limits, sha1};

/// What RFC 6455, 1.3 adds to each key; no program that does not speak WebSocket has a reason to know it.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a request asks for.
#[derive(Debug)]
pub(crate) enum Opening {
    /// To go on with WebSocket; `accept` is the answer to its key.
    WebSocket { accept: String },
    /// Something that HTTP can answer.
    Plain,
}

/// Receives a request up to its empty line. What comes behind that stays on the wire: it is the first frame.
pub(crate) fn receive(wire: &mut Wire<'_>) -> Result<Result<Vec<u8>, Answer>, Loss> {
    let deadline = Instant::now() + limits::OPENING_TIME;
    let mut searched = 0;
    loop {
        let received = wire.received().len();
        if let Some(end) = end_of_head(wire.received(), searched) {
            return Ok(Ok(wire.take(end)));
        }
        // The end may have been cut, but what lies before is not searched again for each byte that arrives.
        searched = received.saturating_sub(3);
        let room = limits::OPENING.saturating_sub(received);
        if room == 0 {
            return Ok(Err(Answer::new(
                "431 Request Header Fields Too Large",
                "an opening may have 8096 bytes",
            )));
        }
        match wire.receive(room, deadline) {
            Ok(()) => {}
            Err(Loss::Late) => {
                return Ok(Err(Answer::new(
                    "408 Request Timeout",
                    "an opening has to be complete in 10 seconds",
                )));
            }
            Err(Loss::Gone) => return Err(Loss::Gone),
        }
    }
}

/// Where the empty line ends, looked for from a place on.
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let mut fours = bytes.get(from..)?.windows(4);
    let start = fours.position(|four| four == b"\r\n\r\n")?;
    Some(from + start + 4)
}

/// Holds a request against the rules of RFC 6455, 4.2.1. The error is the answer to send.
pub(crate) fn judge(request: &Request<'_>) -> Result<Opening, Answer> {
    let check = |holds: bool, status, reason| {
        holds
            .then_some(())
            .ok_or_else(|| Answer::new(status, reason))
    };
    let bad = "400 Bad Request";
    check(
        request.version.0 == 1 && request.version.1 >= 1,
        "505 HTTP Version Not Supported",
        "this server speaks HTTP/1.1",
    )?;
    check(
        request.single("Host").is_some(),
        bad,
        "one Host header is needed",
    )?;
    // A body would be taken for frames.
    let has_body = request
        .values("Content-Length")
        .any(|length| length != b"0")
        || request.values("Transfer-Encoding").next().is_some();
    check(!has_body, bad, "an opening has no body")?;
    if request.method != "GET" {
        let refusal = Answer::new("405 Method Not Allowed", "only GET is served here");
        return Err(refusal.header("Allow", "GET"));
    }

    let asks = request.lists("Upgrade", "websocket");
    let hints = ["Sec-WebSocket-Key", "Sec-WebSocket-Version"];
    if !asks
        && hints
            .iter()
            .all(|name| request.values(name).next().is_none())
    {
        return Ok(Opening::Plain);
    }
    check(asks, bad, "Upgrade has to name websocket")?;
    check(
        request.lists("Connection", "upgrade"),
        bad,
        "Connection has to name Upgrade",
    )?;
    if request.single("Sec-WebSocket-Version") != Some(b"13") {
        let refusal = Answer::new("426 Upgrade Required", "Sec-WebSocket-Version has to be 13");
        return Err(refusal
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13"));
    }
    let key = request
        .single("Sec-WebSocket-Key")
        .filter(|key| base64::decode(key).is_some_and(|key| key.len() == 16));
    let key = key
        .ok_or_else(|| Answer::new(bad, "one Sec-WebSocket-Key of 16 bytes in base64 is needed"))?;
    Ok(Opening::WebSocket {
        accept: accept(key),
    })
}

/// The answer to a key, for `Sec-WebSocket-Accept` (RFC 6455, 4.2.2, 5.4). The key is used as it was sent, not decoded.
fn accept(key: &[u8]) -> String {
    base64::encode(&sha1::digest(&[key, GUID.as_bytes()].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_rfc_6455_is_answered_as_it_says() {
        assert_eq!(
            accept(b"dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn the_end_is_the_first_empty_line() {
        assert_eq!(end_of_head(b"a\r\n\r\nb\r\n\r\n", 0), Some(5));
        assert_eq!(end_of_head(b"a\r\n\r\n", 1), Some(5));
        for open in [&b""[..], b"a\r\n\r", b"a\n\n", b"a\r\n \r\n"] {
            assert_eq!(end_of_head(open, 0), None);
        }
    }
}
