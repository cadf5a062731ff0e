//! The teaching server shows the bytes of a connection to pages on the same computer.

mod support;

use std::fmt::Write as _;

use futures_util::{SinkExt, StreamExt};
use support::principle::{Principle, next_frame, upgraded, write};
use support::raw::{self, frame};
use tokio_tungstenite::tungstenite::Message;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    assert_eq!(hex.len() % 2, 0, "{hex}");
    (0..hex.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(&hex[place..place + 2], 16).expect("hexadecimal"))
        .collect()
}

#[tokio::test]
async fn a_transcript_holds_every_byte_in_order() {
    let principle = Principle::start();
    let mut stream = principle.open("/watch/raw").await;
    let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    write(&mut stream, hello).await;
    next_frame(&mut stream).await.expect("an echo");
    write(&mut stream, &frame(0x89, b"?")).await;
    next_frame(&mut stream).await.expect("a pong");
    let close = frame(0x88, &1000_u16.to_be_bytes());
    write(&mut stream, &close).await;

    let lines = principle
        .transcript_with("raw", "ended 1000 by-client")
        .await;
    assert_eq!(
        lines[0],
        format!("opening {}", hex(&raw::handshake("/watch/raw", "")))
    );
    let answer = lines[1].strip_prefix("answer ").expect("an answer");
    let answer = String::from_utf8(bytes(answer)).expect("text");
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    let frames = [
        "frame 1 in 11 818537fa213d7f9f4d5158".to_owned(),
        "frame 2 out 7 810548656c6c6f".to_owned(),
        format!("frame 3 in 7 {}", hex(&frame(0x89, b"?"))),
        "frame 4 out 3 8a013f".to_owned(),
        format!("frame 5 in 8 {}", hex(&close)),
        "frame 6 out 4 880203e8".to_owned(),
        "ended 1000 by-client".to_owned(),
    ];
    assert_eq!(lines[2..], frames);
}

#[tokio::test]
async fn a_refused_frame_is_shown_with_the_reason() {
    let principle = Principle::start();
    let mut stream = principle.open("/watch/rude").await;
    write(&mut stream, b"\x81\x05Hello").await;
    let (first, reason) = next_frame(&mut stream).await.expect("a close");
    assert_eq!(first, 0x88);
    let lines = principle
        .transcript_with("rude", "ended 1002 by-server")
        .await;
    assert_eq!(lines[2], "frame 1 in 7 8105");
    let shown = lines[3].rsplit(' ').next().expect("a last word");
    assert_eq!(bytes(shown)[2..], reason);

    // One that is too long, and one whose header makes no sense.
    for (name, header, code, line) in [
        (
            "long",
            "82ff000000000010000001020304",
            1009,
            "frame 1 in 1048590 82ff000000000010000001020304",
        ),
        ("odd", "c2fe", 1002, "frame 1 in 2 c2fe"),
    ] {
        let mut stream = principle.open(&format!("/watch/{name}")).await;
        write(&mut stream, &bytes(header)).await;
        let end = format!("ended {code} by-server");
        let lines = principle.transcript_with(name, &end).await;
        assert_eq!(lines[2], line);
    }
}

#[tokio::test]
async fn only_the_newest_frames_and_the_first_bytes_are_kept() {
    let principle = Principle::start();
    let mut client = principle.client("/watch/long").await;
    for _ in 0..50 {
        client
            .send(Message::Binary(vec![5; 60_000].into()))
            .await
            .expect("sent");
        client.next().await.expect("an echo").expect("a message");
    }
    let answer = principle.get("/watch/long", "").await;
    let text = answer.text();
    let frames: Vec<Vec<&str>> = text
        .lines()
        .skip(2)
        .map(|line| line.split(' ').collect())
        .collect();
    assert_eq!(frames.len(), 64);
    for (place, frame) in frames.iter().enumerate() {
        let number = 37 + place;
        let (way, total) = if number % 2 == 1 {
            ("in", "60008")
        } else {
            ("out", "60004")
        };
        assert_eq!(frame[..4], ["frame", &number.to_string(), way, total]);
        assert_eq!(frame[4].len(), 512);
    }
}

#[tokio::test]
async fn the_newest_sixteen_connections_are_kept() {
    let principle = Principle::start();
    let mut open = Vec::new();
    for number in 0..17 {
        open.push(principle.open(&format!("/watch/n{number}")).await);
        principle.open("/unwatched").await;
    }
    assert_eq!(principle.get("/watch/n0", "").await.status, 404);
    for number in 1..17 {
        assert_eq!(
            principle.get(&format!("/watch/n{number}"), "").await.status,
            200
        );
    }
    // One that is shown no more is served as before.
    write(&mut open[0], &frame(0x81, b"x")).await;
    assert_eq!(
        next_frame(&mut open[0]).await.expect("an echo"),
        (0x81, b"x".to_vec())
    );
}

#[tokio::test]
async fn names_that_are_none_are_not_found() {
    let principle = Principle::start();
    let long = format!("/watch/{}", "x".repeat(65));
    for path in ["/watch/", "/watch/a.b", "/watch/a/b", "/watch/%61", &long] {
        // It echoes all the same.
        principle.open(path).await;
        assert_eq!(principle.get(path, "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn pages_of_this_computer_may_read() {
    let principle = Principle::start();
    principle.open("/watch/x").await;
    for path in ["/watch/x", "/watch/unknown"] {
        for origin in [
            "http://127.0.0.1:5000",
            "http://localhost",
            "http://[::1]:8080",
        ] {
            let answer = principle.get(path, &format!("Origin: {origin}\r\n")).await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_eq!(answer.header("vary"), Some("Origin"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(
                answer.header("content-type"),
                Some("text/plain; charset=utf-8")
            );
        }
        for origin in [
            "https://localhost",
            "http://evil.example",
            "http://localhost.evil.example",
            "null",
            "http://localhost\r\nOrigin: http://localhost",
        ] {
            let answer = principle.get(path, &format!("Origin: {origin}\r\n")).await;
            assert_eq!(
                answer.header("access-control-allow-origin"),
                None,
                "{origin}"
            );
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
    }
}

#[tokio::test]
async fn a_name_that_was_pointed_here_reads_nothing() {
    let principle = Principle::start();
    principle.open("/watch/x").await;
    for (host, status) in [
        ("evil.example", 421),
        ("evil.example:8002", 421),
        ("", 421),
        ("localhost:8002", 200),
        ("[::1]", 200),
    ] {
        let request = format!("GET /watch/x HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let answer = raw::exchange(principle.address, request.as_bytes()).await;
        assert_eq!(answer.expect("an answer").status, status, "{host}");
    }
}

#[tokio::test]
async fn secrets_of_other_programs_are_not_shown() {
    let principle = Principle::start();
    let mut stream = principle.connect().await;
    let headers = "Cookie: session=zanzibar\r\nauthorization: Basic zanzibar\r\nX-Last: 1\r\n";
    write(&mut stream, &raw::handshake("/watch/secret", headers)).await;
    upgraded(&mut stream).await;
    let text = principle.get("/watch/secret", "").await.text();
    let opening = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("opening "));
    let opening = String::from_utf8(bytes(opening.expect("an opening"))).expect("text");
    assert!(!opening.contains("zanzibar"), "{opening}");
    let end = "Cookie: ****************\r\nauthorization: ***** ********\r\nX-Last: 1\r\n\r\n";
    assert!(opening.ends_with(end), "{opening}");
}
