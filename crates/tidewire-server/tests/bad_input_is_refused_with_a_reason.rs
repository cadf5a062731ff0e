//! Everything malformed is answered with its own code or status and a reason, and harms nobody else.

mod support;

use std::time::Duration;

use support::Server;
use support::bad::{bad_openings, rekeyed};
use support::bystander::Bystander;
use support::raw::{self, Heard, RawSocket, frame, handshake, hello, packet, post};
use tidewire_proto::wire::HelloMode;
use tidewire_server::{Hub, HubConfig, Origins};
use tokio::io::AsyncWriteExt;

/// What the bystander's messages may take at the 99th percentile: the build is not optimised, and the machine may be busy.
const BYSTANDER_BOUND: Duration = Duration::from_secs(1);

async fn server() -> Server {
    let mut config = HubConfig::default();
    config.first_packet_timeout = Duration::from_millis(500);
    config.max_sessions_per_address = 10_000;
    let origins = Origins::same()
        .and("https://good.example")
        .expect("an origin");
    let builder = Hub::builder()
        .config(config)
        .origins(origins)
        .hosts(["localhost", "127.0.0.1"]);
    Server::start(builder, support::echo_session).await
}

/// The same, with the state of the server before and after.
async fn table<R, F>(rows: Vec<R>, check: impl Fn(std::net::SocketAddr, R) -> F)
where
    F: Future<Output = ()>,
{
    let server = server().await;
    let bystander = Bystander::start(server.address).await;
    for row in rows {
        check(server.address, row).await;
    }
    bystander.unharmed(BYSTANDER_BOUND).await;
}

#[tokio::test]
async fn requests() {
    let opening = packet(&hello(1, HelloMode::Poll), |_| {});
    let get = |head: &str| format!("GET {head}\r\n\r\n").into_bytes();
    let without = |line: &str| {
        let text = String::from_utf8(handshake("/live", "")).expect("text");
        text.replace(line, "").into_bytes()
    };
    let instead = |line: &str, other: &str| {
        let text = String::from_utf8(handshake("/live", "")).expect("text");
        text.replace(line, other).into_bytes()
    };
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let version = "Sec-WebSocket-Version: 13\r\n";
    let host = "Host: localhost\r\n";
    let origin = |origin: &str| handshake("/live", &format!("Origin: {origin}\r\n"));
    let offer = |offer: &str| handshake("/live", &format!("Sec-WebSocket-Protocol: {offer}\r\n"));
    let rows: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        // What they are, the request, the status, the name of the reason ("" where the answer is hyper's own).
        (
            "a foreign content type",
            post("/live", "Content-Type: text/plain\r\n", &opening),
            415,
            "content-type",
        ),
        (
            "a form",
            post(
                "/live",
                "Content-Type: application/x-www-form-urlencoded\r\n",
                b"a=b",
            ),
            415,
            "content-type",
        ),
        (
            "JSON",
            post("/live", "Content-Type: application/json\r\n", b"{}"),
            415,
            "content-type",
        ),
        (
            "bytes with parameters",
            post(
                "/live",
                "Content-Type: application/octet-stream; a=b\r\n",
                &opening,
            ),
            415,
            "content-type",
        ),
        (
            "a compressed body",
            post("/live", "Content-Encoding: gzip\r\n", &opening),
            415,
            "content-encoding",
        ),
        (
            "another WebSocket version",
            instead("Version: 13", "Version: 8"),
            426,
            "websocket-version",
        ),
        (
            "no WebSocket version",
            without(version),
            400,
            "websocket-version",
        ),
        ("no key", without(key), 400, "bad-key"),
        ("two keys", handshake("/live", key), 400, "bad-key"),
        (
            "a key of one byte",
            instead("dGhlIHNhbXBsZSBub25jZQ==", "A"),
            400,
            "bad-key",
        ),
        (
            "a key of 15 bytes",
            instead("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"),
            400,
            "bad-key",
        ),
        (
            "a key that is not base64",
            instead("dGhlIHNhbXBsZSBub25jZQ==", "!Ghl*HNhbXBsZSBub25jZQ=="),
            400,
            "bad-key",
        ),
        (
            "no Upgrade",
            without("Upgrade: websocket\r\n"),
            426,
            "upgrade",
        ),
        (
            "an upgrade to h2c",
            instead("Upgrade: websocket", "Upgrade: h2c"),
            426,
            "upgrade",
        ),
        (
            "no upgrade in Connection",
            instead("Connection: Upgrade", "Connection: keep-alive"),
            400,
            "connection",
        ),
        (
            "HTTP/1.0",
            instead("HTTP/1.1", "HTTP/1.0"),
            426,
            "http-version",
        ),
        (
            "a foreign origin",
            origin("https://evil.example"),
            403,
            "origin",
        ),
        ("the null origin", origin("null"), 403, "origin"),
        (
            "two origins",
            handshake(
                "/live",
                "Origin: https://good.example\r\nOrigin: https://good.example\r\n",
            ),
            400,
            "origin",
        ),
        (
            "an origin that is not text",
            handshake("/live", "Origin: \u{e9}\r\n"),
            400,
            "origin",
        ),
        (
            "a good origin as a prefix",
            origin("https://good.example.evil.example"),
            403,
            "origin",
        ),
        (
            "a good origin on another port",
            origin("https://good.example:8443"),
            403,
            "origin",
        ),
        (
            "a good origin with another scheme",
            origin("http://good.example"),
            403,
            "origin",
        ),
        (
            "a good origin with a dot behind",
            origin("https://good.example."),
            403,
            "origin",
        ),
        (
            "a good origin in capitals",
            origin("https://GOOD.example"),
            101,
            "",
        ),
        (
            "a POST of a foreign origin",
            post("/live", "Origin: https://evil.example\r\n", &opening),
            403,
            "origin",
        ),
        (
            "a foreign host",
            instead(host, "Host: evil.example\r\n"),
            421,
            "host",
        ),
        ("no host", without(host), 421, "host"),
        (
            "a sub-protocol that is not ASCII",
            offer("\u{e9}"),
            400,
            "sub-protocol",
        ),
        (
            "8 KiB of sub-protocol",
            offer(&"a".repeat(8_192)),
            400,
            "sub-protocol",
        ),
        (
            "1,000 sub-protocols",
            offer(&["a"; 1_000].join(",")),
            400,
            "sub-protocol",
        ),
        (
            "a header of 64 KiB",
            handshake("/live", &format!("X-Long: {}\r\n", "a".repeat(65_536))),
            431,
            "",
        ),
        (
            "500 KiB of headers",
            handshake("/live", &format!("X-Long: {}\r\n", "a".repeat(512_000))),
            431,
            "",
        ),
        (
            "120 headers",
            handshake("/live", &"X-Many: 1\r\n".repeat(120)),
            431,
            "",
        ),
        (
            "2,000 headers",
            handshake("/live", &"X-Many: 1\r\n".repeat(2_000)),
            431,
            "",
        ),
        (
            "a header with NUL",
            handshake("/live", "X-Nul: a\0b\r\n"),
            400,
            "",
        ),
        (
            "two lengths",
            post("/live", "Content-Length: 5\r\n", b"x"),
            400,
            "",
        ),
        (
            "a path of 70 KiB",
            get(&format!(
                "/{} HTTP/1.1\r\nHost: localhost",
                "a".repeat(70 * 1_024)
            )),
            431,
            "",
        ),
        (
            "a path of odd bytes",
            get("/%00%ff HTTP/1.1\r\nHost: localhost"),
            404,
            "",
        ),
        (
            "GET",
            get("/live HTTP/1.1\r\nHost: localhost"),
            405,
            "method",
        ),
        (
            "PUT",
            b"PUT /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".to_vec(),
            405,
            "method",
        ),
        (
            "DELETE",
            b"DELETE /live HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
            405,
            "method",
        ),
        (
            "a key in the URL",
            post("/live?a=1&key=00112233", "", &opening),
            400,
            "key-in-url",
        ),
        (
            "a body too long, declared",
            b"POST /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n".to_vec(),
            413,
            "packet",
        ),
        ("an empty body", post("/live", "", b""), 400, "empty"),
        (
            "TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(3),
            400,
            "",
        ),
        ("garbage", b"\x00\x01\x02\x03\r\n\r\n".to_vec(), 400, ""),
    ];
    table(rows, async |server, (what, request, status, reason)| {
        let answer = raw::exchange(server, &request)
            .await
            .unwrap_or_else(|| panic!("{what}: no answer"));
        assert_eq!(answer.status, status, "{what}");
        if status == 405 {
            assert_eq!(answer.header("allow"), Some("GET, POST, OPTIONS"), "{what}");
        }
        if status == 426 {
            assert_eq!(answer.header("sec-websocket-version"), Some("13"), "{what}");
        }
        if !reason.is_empty() {
            assert_eq!(answer.header("tidewire-error"), Some(reason), "{what}");
            assert_eq!(
                answer.header("cache-control"),
                Some("no-store, no-transform"),
                "{what}"
            );
            assert_eq!(answer.header("vary"), Some("Origin"), "{what}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_preface_of_http_2_is_not_spoken() {
    let server = server().await;
    let answer = raw::exchange(server.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(answer.is_none_or(|answer| answer.status == 400));
}

#[tokio::test]
async fn heads_and_preflights_that_nobody_allowed_are_refused() {
    let server = Server::start(Hub::builder(), support::echo_session).await;
    for method in ["HEAD", "OPTIONS"] {
        let mut stream = tokio::net::TcpStream::connect(server.address)
            .await
            .expect("connect");
        let request =
            format!("{method} /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer)
            .await
            .expect("an answer");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 405"), "{method}: {answer}");
        assert!(
            answer.contains("allow: GET, POST\r\n"),
            "{method}: {answer}"
        );
    }
}

#[tokio::test]
async fn what_a_client_closes_with_is_told_to_nobody_who_asks_later() {
    let server = server().await;
    let close = tidewire_proto::Close::new(tidewire_proto::CloseCode(4_403), "<script>: mine");
    let farewell = packet(&hello(3, HelloMode::Send), |writer| writer.close(&close));
    let answer = raw::exchange(server.address, &post("/live", "", &farewell)).await;
    assert_eq!(answer.expect("an answer").status, 200);
    let again = packet(&hello(3, HelloMode::Poll), |_| {});
    let answer = raw::exchange(server.address, &post("/live", "", &again)).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 410);
    assert_eq!(answer.header("tidewire-error"), Some("expired"));
    assert_eq!(answer.header("retry-after"), None);
    assert!(!answer.text().contains("script"));
}

#[tokio::test]
async fn a_chunked_body_without_end_is_cut_off_at_the_bound() {
    let server = server().await;
    let mut stream = tokio::net::TcpStream::connect(server.address)
        .await
        .expect("connect");
    stream
        .write_all(b"POST /live HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await
        .expect("a head");
    let (mut reading, mut writing) = stream.into_split();
    let flood = tokio::spawn(async move {
        let chunk = [b"4000\r\n".as_slice(), &[b'a'; 0x4000], b"\r\n"].concat();
        while writing.write_all(&chunk).await.is_ok() {}
    });
    let mut answer = Vec::new();
    // The end may be a reset, since what was flooded is not all read.
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut answer).await;
    flood.await.expect("the flood ends");
    if !answer.is_empty() {
        assert!(
            answer.starts_with(b"HTTP/1.1 413"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
}

#[tokio::test]
async fn a_request_with_two_kinds_of_length_is_the_last_on_its_connection() {
    let server = server().await;
    let body = packet(&hello(2, HelloMode::Poll), |_| {});
    let mut request = b"POST /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    request.extend(format!("{:x}\r\n", body.len()).bytes());
    request.extend(&body);
    request.extend(b"\r\n0\r\n\r\nGET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut stream = tokio::net::TcpStream::connect(server.address)
        .await
        .expect("connect");
    stream.write_all(&request).await.expect("written");
    let answer = raw::read_answer(&mut stream).await.expect("an answer");
    assert_eq!(
        (answer.status, answer.header("connection")),
        (200, Some("close"))
    );
    assert!(raw::read_answer(&mut stream).await.is_none());
}

#[tokio::test]
async fn frames() {
    let close = |code: u16, reason: &[u8]| frame(0x88, &[&code.to_be_bytes()[..], reason].concat());
    let declares = |length: u64| [&[0x82, 0xff][..], &length.to_be_bytes(), &[0; 4]].concat();
    let rows: Vec<(&str, Vec<u8>, u16)> = vec![
        ("an unmasked frame", vec![0x82, 1, 7], 1002),
        ("a reserved bit", frame(0xc2, b"x"), 1002),
        ("opcode 3", frame(0x83, b"x"), 1002),
        ("opcode 15", frame(0x8f, b"x"), 1002),
        ("a fragmented ping", frame(0x09, b"x"), 1002),
        ("a ping of 126 bytes", frame(0x89, &[0; 126]), 1002),
        ("a continuation first", frame(0x80, b"x"), 1002),
        (
            "a message inside a message",
            [frame(0x02, b"x"), frame(0x82, b"y")].concat(),
            1002,
        ),
        ("text that is not UTF-8", frame(0x81, &[0xff, 0xfe]), 1007),
        ("text cut inside a letter", frame(0x81, &[0xe2, 0x82]), 1007),
        ("text at all", frame(0x81, b"hello"), 1003),
        ("a close of one byte", frame(0x88, &[3]), 1002),
        ("close 999", close(999, b""), 1002),
        ("close 1005", close(1_005, b""), 1002),
        ("close 5000", close(5_000, b""), 1002),
        (
            "a close reason that is not UTF-8",
            close(1_000, &[0xff]),
            1007,
        ),
        ("70 MB declared", declares(70_000_000), 1009),
        ("2^40 bytes declared", declares(1 << 40), 1009),
        ("2^62 bytes declared", declares(1 << 62), 1009),
        ("2^63 bytes declared", declares(1 << 63), 1009),
        (
            "a length that is not minimal",
            [&[0x82, 0x80 | 126, 0, 5, 0, 0, 0, 0][..], b"hello"].concat(),
            1002,
        ),
        (
            "fragments without end",
            [frame(0x02, b"x"), frame(0x00, b"x").repeat(2_000)].concat(),
            1009,
        ),
        (
            "a message in parts, too long",
            [frame(0x02, b"x"), frame(0x00, &[0; 65_536]).repeat(8)].concat(),
            1009,
        ),
        ("nothing", Vec::new(), 4408),
    ];
    table(rows, async |server, (what, bytes, expected)| {
        let mut socket = RawSocket::open(server, "/live").await;
        socket.write(&bytes).await;
        match socket.hear_close().await {
            Heard::Close { code, reason } => {
                assert_eq!(code, expected, "{what}: {reason}");
                assert!(reason.len() <= 123, "{what}: {reason}");
            }
            other => panic!("{what}: {other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn packets_over_a_socket() {
    // Each row has a key of its own, so that none meets what another left.
    let rows = (1_u16..).zip(bad_openings()).collect();
    table(
        rows,
        async |server, (key, (what, opening, expected, name))| {
            let mut socket = RawSocket::open(server, "/live").await;
            socket
                .binary(&rekeyed(opening(HelloMode::Socket), key))
                .await;
            match socket.hear_close().await {
                Heard::Close { code, reason } => {
                    assert_eq!(code, expected, "{what}: {reason}");
                    assert!(
                        name.is_empty() || reason.split(':').next() == Some(name),
                        "{what}: {reason}"
                    );
                }
                other => panic!("{what}: {other:?}"),
            }
        },
    )
    .await;
}

#[tokio::test]
async fn packets_over_http() {
    let rows = (1_u16..).zip(bad_openings()).collect();
    table(
        rows,
        async |server, (key, (what, opening, expected, name))| {
            let body = rekeyed(opening(HelloMode::Poll), key);
            let answer = raw::exchange(server, &post("/live", "", &body))
                .await
                .expect("an answer");
            assert_eq!(answer.status, expected - 4_000, "{what}: {}", answer.text());
            assert!(
                name.is_empty() || answer.header("tidewire-error") == Some(name),
                "{what}: {}",
                answer.text()
            );
            let names = answer.header("tidewire-error").expect("a name");
            assert!(answer.text().contains(names), "the body says it too");
        },
    )
    .await;
}
