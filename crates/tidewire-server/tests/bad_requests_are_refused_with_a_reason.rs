//! Every malformed request is answered with its own status and a reason, and harms nobody else.

mod support;

use support::Server;
use support::bad::{server, table};
use support::raw::{self, handshake, hello, packet, post};
use tidewire_proto::wire::HelloMode;
use tidewire_server::Hub;
use tokio::io::AsyncWriteExt;

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
