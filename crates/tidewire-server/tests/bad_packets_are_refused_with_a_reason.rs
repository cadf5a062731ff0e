//! Every malformed frame and packet is answered with its own close code or status and a reason, and harms nobody else.

mod support;

use support::bad::{bad_openings, rekeyed, table};
use support::raw::{self, Heard, RawSocket, frame, post};
use tidewire_proto::wire::HelloMode;

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
