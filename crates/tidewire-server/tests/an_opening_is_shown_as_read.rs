//! `/openings/NAME` of tidewire-echo shows a request to `/message?watch=NAME` and its answer as they went over the wire.

mod support;

use serde_json::{Value, json};
use support::echo::Echo;
use support::raw::{self, Heard, RawSocket, read_answer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const UPGRADE: &str = "GET /message?watch=up HTTP/1.1\r\nHost: localhost\r\nconnection: keep-alive, Upgrade\r\n\
    UPGRADE: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Sends a request and reads the head of its answer, byte by byte.
async fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer"));
    }
    String::from_utf8(head).expect("text")
}

/// A head as it has to be shown.
fn shown(head: &str) -> Value {
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().expect("a line");
    let headers: Vec<_> = lines
        .map(|line| line.split_once(": ").expect("a header"))
        .collect();
    json!({ "line": line, "headers": headers, "bytes": head.len() })
}

#[tokio::test]
async fn an_upgrade_and_its_answer_are_shown_to_the_byte_and_it_is_echoed() {
    let echo = Echo::start(&[]);
    let mut stream = TcpStream::connect(echo.address).await.expect("connect");
    let request = format!("{UPGRADE}\r\n");
    let answer = ask(&mut stream, &request).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    let opening = echo.json("/openings/up").await;
    assert_eq!(opening["request"], shown(&request));
    assert_eq!(opening["response"], shown(&answer));
    assert!(opening["seen"].as_f64().expect("a time") > 1.6e12);

    let mut socket = RawSocket { stream };
    socket.frame(0x81, b"hello").await;
    assert_eq!(socket.hear().await, Heard::Binary(b"hello".to_vec()));
}

#[tokio::test]
async fn plain_requests_on_one_connection_are_shown_each_with_its_answer() {
    let echo = Echo::start(&[]);
    let mut stream = TcpStream::connect(echo.address).await.expect("connect");
    for name in ["a", "b", "a"] {
        let request =
            format!("GET /message?watch={name} HTTP/1.1\r\nHOST: localhost\r\nX: {name}\r\n\r\n");
        let answer = ask(&mut stream, &request).await;
        let mut body = [0; 32];
        stream.read_exact(&mut body).await.expect("the body");
        assert_eq!(&body, b"You are using http protocol now.");
        let opening = echo.json(&format!("/openings/{name}")).await;
        assert_eq!(opening["request"], shown(&request));
        assert_eq!(opening["response"], shown(&answer));
        // What is of no interest comes in between.
        ask(&mut stream, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    }
}

#[tokio::test]
async fn requests_that_come_together_are_shown_as_far_as_they_are_known() {
    let echo = Echo::start(&[]);
    let mut stream = TcpStream::connect(echo.address).await.expect("connect");
    let request =
        |name: &str| format!("GET /message?watch={name} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let both = request("one") + &request("two");
    stream.write_all(both.as_bytes()).await.expect("written");
    for name in ["one", "two"] {
        assert_eq!(read_answer(&mut stream).await.expect("one").status, 200);
        let opening = echo.json(&format!("/openings/{name}")).await;
        let line = format!("GET /message?watch={name} HTTP/1.1");
        assert_eq!(opening["request"]["line"], line);
        assert_eq!(opening["request"]["bytes"], request(name).len());
    }
}

#[tokio::test]
async fn secrets_are_hidden() {
    let echo = Echo::start(&[]);
    let secrets = "Cookie: sid=of-the-test\r\nAuthorization: Bearer of-the-test\r\nPROXY-Authorization: of-the-test\r\n";
    let answer = echo.get("/message?watch=secret", secrets).await;
    assert_eq!(answer.status, 200);
    let opening = echo.json("/openings/secret").await;
    assert!(!opening.to_string().contains("of-the-test"), "{opening}");
    let headers = opening["request"]["headers"].as_array().expect("a list");
    let hidden = headers.iter().filter(|header| header[1] == "hidden");
    assert_eq!(hidden.count(), 3);
}

#[tokio::test]
async fn the_latest_32_are_kept_and_heads_are_bounded() {
    let echo = Echo::start(&[]);
    for number in 0..100 {
        echo.get(&format!("/message?watch={number}"), "").await;
    }
    for (number, status) in [(0, 404), (67, 404), (68, 200), (99, 200)] {
        let answer = echo.get(&format!("/openings/{number}"), "").await;
        assert_eq!(answer.status, status, "{number}");
    }
    let long = format!("X: {}\r\n", "a".repeat(15 * 1024));
    assert_eq!(echo.get("/message?watch=long", &long).await.status, 200);
    let longer = format!("X: {}\r\n", "a".repeat(17 * 1024));
    assert_eq!(echo.get("/message?watch=longer", &longer).await.status, 431);
    assert!(echo.json("/openings/long").await["request"]["bytes"].as_u64() > Some(15 * 1024));
    assert_eq!(echo.get("/openings/longer", "").await.status, 404);
}

#[tokio::test]
async fn only_watched_requests_of_allowed_pages_under_a_name_are_kept() {
    let echo = Echo::start(&[]);
    let names = ["", "a.b", "a%20b", &"a".repeat(65)];
    for name in names {
        let answer = echo.get(&format!("/message?watch={name}"), "").await;
        assert_eq!(answer.text(), "You are using http protocol now.");
        assert_eq!(echo.get(&format!("/openings/{name}"), "").await.status, 404);
    }
    let foreign = echo
        .get("/message?watch=foreign", "Origin: https://evil.example\r\n")
        .await;
    assert_eq!(foreign.status, 403);
    let renamed = raw::exchange(
        echo.address,
        b"GET /message?watch=renamed HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    );
    assert_eq!(renamed.await.expect("an answer").status, 421);
    echo.post("/message?watch=post", "").await;
    for name in ["foreign", "renamed", "post", "never"] {
        let answer = echo.get(&format!("/openings/{name}"), "").await;
        assert_eq!(answer.status, 404, "{name}");
        assert!(answer.text().contains("/message?watch=NAME"));
    }
}

#[tokio::test]
async fn what_is_not_answered_is_shown_without_an_answer_and_a_refusal_with_it() {
    let echo = Echo::start(&["--faults", "--fault", "black-hole-upgrades:times=1"]);
    let mut hanging = TcpStream::connect(echo.address).await.expect("connect");
    let request = format!("{UPGRADE}\r\n");
    hanging
        .write_all(request.as_bytes())
        .await
        .expect("written");
    while echo.hits("black-hole-upgrades").await == 0 {}
    let opening = echo.json("/openings/up").await;
    assert_eq!(opening["request"], shown(&request));
    assert!(opening["response"].is_null());

    echo.order("refuse-upgrades", r#"{"status": 502}"#).await;
    let mut refused = TcpStream::connect(echo.address).await.expect("connect");
    let answer = ask(&mut refused, &request).await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert_eq!(echo.json("/openings/up").await["response"], shown(&answer));
}
