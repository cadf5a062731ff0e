//! The teaching server refuses malformed input with a status or a close code and a reason, and goes on serving others.

mod support;

use support::principle::{Principle, ended, next_frame, upgraded, write};
use support::raw::{self, frame};
use tokio::io::AsyncWriteExt;

/// A word that stands in refused openings and must be in no answer.
const MARK: &str = "zanzibar";

fn handshake_with(from: &str, to: &str) -> String {
    let sound = String::from_utf8(raw::handshake("/", "X-Mark: zanzibar\r\n")).expect("text");
    assert!(sound.contains(from), "{from}");
    sound.replacen(from, to, 1)
}

/// What is wrong with an opening, the opening, and the status.
fn openings() -> Vec<(&'static str, String, u16)> {
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let version = "Sec-WebSocket-Version: 13\r\n";
    let swap = |what, from: &str, to: &str, status| (what, handshake_with(from, to), status);
    vec![
        swap("another method", "GET", "POST", 405),
        swap("a method that is none", "GET", "zanzibar()", 400),
        swap("a target without slash", "GET /", "GET zanzibar", 400),
        swap("a control character", "GET /", "GET /\u{1}zanzibar", 400),
        swap("two spaces", "GET /", "GET  /", 400),
        swap("HTTP/1.0", "HTTP/1.1", "HTTP/1.0", 505),
        swap("HTTP/2.0", "HTTP/1.1", "HTTP/2.0", 505),
        swap("another protocol", "HTTP/1.1", "zanzibar/1.1", 400),
        swap("no host", "Host: localhost\r\n", "", 400),
        swap(
            "two hosts",
            "Host: localhost\r\n",
            "Host: a\r\nHost: zanzibar\r\n",
            400,
        ),
        swap("a space before a colon", "Host:", "Host :", 400),
        swap(
            "a folded line",
            "Host: localhost",
            "Host: localhost\r\n zanzibar",
            400,
        ),
        swap("a line without colon", "Host:", "zanzibar\r\nHost:", 400),
        swap(
            "a bare line feed",
            "Host: localhost\r\n",
            "Host: localhost\n",
            400,
        ),
        swap("a bare return", "Host: localhost", "Host: local\rhost", 400),
        swap("a zero byte", "Host: localhost", "Host: local\0host", 400),
        swap(
            "another upgrade",
            "Upgrade: websocket",
            "Upgrade: zanzibar",
            400,
        ),
        swap("no upgrade", "Upgrade: websocket\r\n", "", 400),
        swap(
            "another connection",
            "Connection: Upgrade",
            "Connection: zanzibar",
            400,
        ),
        swap("no connection", "Connection: Upgrade\r\n", "", 400),
        swap("no key", key, "", 400),
        swap("two keys", key, &format!("{key}{key}"), 400),
        swap(
            "a short key",
            "dGhlIHNhbXBsZSBub25jZQ==",
            "dGhlIHNhbXBsZQ==",
            400,
        ),
        swap(
            "a long key",
            "dGhlIHNhbXBsZSBub25jZQ==",
            "dGhlIHNhbXBsZSBub25jZWQ=",
            400,
        ),
        swap(
            "a key not in base64",
            "dGhlIHNhbXBsZSBub25jZQ==",
            "zanzibar!!!!!!!!!!!!!!==",
            400,
        ),
        swap("a key without padding", "ZQ==\r\n", "ZQ\r\n", 400),
        swap("no version", version, "", 426),
        swap(
            "another version",
            version,
            "Sec-WebSocket-Version: 8\r\n",
            426,
        ),
        swap("two versions", version, &format!("{version}{version}"), 426),
        swap(
            "a body",
            version,
            &format!("{version}Content-Length: 8\r\n"),
            400,
        ),
        swap(
            "chunks",
            version,
            &format!("{version}Transfer-Encoding: chunked\r\n"),
            400,
        ),
        ("only an empty line", "\r\n\r\n".to_owned(), 400),
        (
            "a head of TLS",
            "\u{16}\u{3}\u{1}zanzibar\r\n\r\n".to_owned(),
            400,
        ),
        swap(
            "too many bytes",
            "X-Mark: ",
            &format!("X-Mark: {}", "a".repeat(8_096)),
            431,
        ),
        ("no end", format!("GET /{}", "a".repeat(20_000)), 431),
    ]
}

#[tokio::test]
async fn openings_are_refused_with_a_status_and_a_reason() {
    let principle = Principle::start();
    for (what, opening, status) in openings() {
        let mut stream = principle.connect().await;
        write(&mut stream, opening.as_bytes()).await;
        let answer = raw::read_answer(&mut stream).await.expect(what);
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        ended(&mut stream).await;
        let reason = answer.text();
        assert_eq!(reason.lines().count(), 1, "{what}: {reason}");
        assert!(!format!("{answer:?}").contains(MARK), "{what}: {answer:?}");
        let version = answer.header("sec-websocket-version");
        assert_eq!(version, (status == 426).then_some("13"), "{what}");
        let allow = answer.header("allow");
        assert_eq!(allow, (status == 405).then_some("GET"), "{what}");
    }
    // The next client is none the worse for it.
    principle.open("/").await;
}

#[tokio::test]
async fn an_opening_may_have_8096_bytes() {
    let principle = Principle::start();
    let rest = raw::handshake("/", "X: \r\n").len();
    for (length, status) in [(8_096, 101), (8_097, 431)] {
        let filler = format!("X: {}\r\n", "a".repeat(length - rest));
        let opening = raw::handshake("/", &filler);
        assert_eq!(opening.len(), length);
        let answer = raw::exchange(principle.address, &opening).await;
        assert_eq!(answer.expect("an answer").status, status, "{length}");
    }
}

#[tokio::test]
async fn lenient_spelling_is_not_malformed() {
    let principle = Principle::start();
    for opening in [
        handshake_with("Connection: Upgrade", "cOnNeCtIoN:keep-alive ,\tuPgRaDe"),
        handshake_with("Upgrade: websocket", "Upgrade: h2c, WebSocket"),
        handshake_with(
            "Connection: Upgrade",
            "Connection: close\r\nConnection: upgrade",
        ),
        handshake_with("X-Mark: zanzibar", "X-Mark: \u{e9}\r\nX-Empty:"),
        handshake_with("HTTP/1.1", "HTTP/1.2"),
        handshake_with("X-Mark: zanzibar", "Content-Length: 0"),
    ] {
        let mut stream = principle.connect().await;
        write(&mut stream, opening.as_bytes()).await;
        upgraded(&mut stream).await;
    }
}

#[tokio::test]
async fn a_plain_get_is_told_what_this_is() {
    let principle = Principle::start();
    let answer = principle.get("/", "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("WebSocket"), "{}", answer.text());
}

/// A masked frame whose length is written as told.
fn frame_of_length(first: u8, length: &[u8]) -> Vec<u8> {
    [&[first][..], length, &[1, 2, 3, 4]].concat()
}

/// What is wrong with the frames, the frames, and the close code.
fn frames() -> Vec<(&'static str, Vec<u8>, u16)> {
    let close = |payload: &[u8]| frame(0x88, payload);
    let long = |length: u64| [&[0xff][..], &length.to_be_bytes()].concat();
    let mut rows = vec![
        ("no mask", b"\x81\x05Hello".to_vec(), 1002),
        ("a control frame without mask", b"\x89\x00".to_vec(), 1002),
        ("RSV1", frame(0xc1, b"x"), 1002),
        ("RSV2", frame(0xa1, b"x"), 1002),
        ("RSV3", frame(0x91, b"x"), 1002),
        ("RSV1 on a control frame", frame(0xc9, b"x"), 1002),
        ("a ping in fragments", frame(0x09, b"x"), 1002),
        ("a close in fragments", frame(0x08, b""), 1002),
        ("a ping of 126 bytes", frame(0x89, &[0; 126]), 1002),
        ("a close of 126 bytes", frame(0x88, &[0x61; 126]), 1002),
        (
            "125 in two bytes",
            frame_of_length(0x82, &[0xfe, 0, 125]),
            1002,
        ),
        ("0 in eight bytes", frame_of_length(0x82, &long(0)), 1002),
        (
            "65535 in eight bytes",
            frame_of_length(0x82, &long(65_535)),
            1002,
        ),
        (
            "a length of 2^63",
            frame_of_length(0x82, &long(1 << 63)),
            1002,
        ),
        (
            "a length of 2^64 - 1",
            frame_of_length(0x82, &long(u64::MAX)),
            1002,
        ),
        (
            "a length of 65537",
            frame_of_length(0x82, &long(65_537)),
            1009,
        ),
        (
            "a length of 2^63 - 1",
            frame_of_length(0x82, &long(u64::MAX >> 1)),
            1009,
        ),
        (
            "fragments of 65537 bytes",
            [frame(0x02, &[0; 65_536]), frame(0x80, b"x")].concat(),
            1009,
        ),
        (
            "1025 fragments",
            [frame(0x02, b""), frame(0x00, b"").repeat(1_024)].concat(),
            1008,
        ),
        ("a continuation of nothing", frame(0x80, b"x"), 1002),
        (
            "a message inside another",
            [frame(0x01, b"x"), frame(0x81, b"y")].concat(),
            1002,
        ),
        ("a text not in UTF-8", frame(0x81, b"\xff"), 1007),
        ("a surrogate", frame(0x81, b"\xed\xa0\x80"), 1007),
        ("an overlong slash", frame(0x81, b"\xc0\xaf"), 1007),
        ("half a character", frame(0x81, b"\xe2\x82"), 1007),
        ("a first fragment not in UTF-8", frame(0x01, b"\xff"), 1007),
        (
            "half a character at the end of fragments",
            [frame(0x01, b"x\xe2"), frame(0x80, b"\x82")].concat(),
            1007,
        ),
        ("half a close code", close(b"\x03"), 1002),
        ("a close reason not in UTF-8", close(b"\x03\xe8\xff"), 1007),
    ];
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        rows.push(("a reserved close code", close(&code.to_be_bytes()), 1002));
    }
    for opcode in [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        rows.push(("an unknown opcode", frame(0x80 | opcode, b""), 1002));
    }
    rows
}

#[tokio::test]
async fn frames_are_refused_with_a_code_and_a_reason() {
    let principle = Principle::start();
    for (what, frames, code) in frames() {
        let mut stream = principle.open("/").await;
        // More than the server will read arrives behind it, and yet the reason gets through.
        write(&mut stream, &[frames, frame(0x82, &[0; 9_000])].concat()).await;
        let (first, payload) = next_frame(&mut stream).await.expect(what);
        assert_eq!(first, 0x88, "{what}");
        let (said, reason) = payload.split_at(2);
        assert_eq!(said, code.to_be_bytes(), "{what}");
        let reason = str::from_utf8(reason).expect("a reason in UTF-8");
        assert!((1..=123).contains(&reason.len()), "{what}: {reason}");
        ended(&mut stream).await;
    }
    principle.open("/").await;
}

#[tokio::test]
async fn a_message_too_long_is_refused_before_it_is_sent() {
    let principle = Principle::start();
    let mut stream = principle.open("/").await;
    let header = [&[0x82, 0xff][..], &1_000_000_u64.to_be_bytes(), &[0; 4]].concat();
    write(&mut stream, &header).await;
    let (_, payload) = next_frame(&mut stream).await.expect("a close");
    assert_eq!(payload[..2], 1009_u16.to_be_bytes());
}

#[tokio::test]
async fn what_is_still_on_its_way_is_taken_so_that_the_reason_arrives() {
    let principle = Principle::start();
    let on_its_way = vec![b'x'; 4 << 20];

    let mut stream = principle.open("/").await;
    write(&mut stream, &frame(0x83, b"")).await;
    stream.readable().await.expect("a close");
    // A server that had closed without reading would answer this with a reset.
    stream.write_all(&on_its_way).await.expect("no reset");
    let (first, _) = next_frame(&mut stream).await.expect("a close");
    assert_eq!(first, 0x88);
    ended(&mut stream).await;

    let mut stream = principle.connect().await;
    write(&mut stream, b"nonsense\r\n\r\n").await;
    stream.readable().await.expect("an answer");
    stream.write_all(&on_its_way).await.expect("no reset");
    let answer = raw::read_answer(&mut stream).await.expect("an answer");
    assert_eq!(answer.status, 400);
    ended(&mut stream).await;
}
