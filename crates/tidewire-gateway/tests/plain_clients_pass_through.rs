//! A plain WebSocket client reaches the same backend through the gateway, byte for byte, and is not mistaken for a tidewire client, nor
//! a tidewire client for it.

mod support;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use support::backend::{Backend, RawBackend};
use support::client::{TestClient, only};
use support::raw::{self, Heard, RawSocket};
use support::{Front, in_time, live, plain};
use tidewire_gateway::GatewayConfig;
use tidewire_proto::Transport;
use tidewire_proto::wire::HelloMode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

#[tokio::test]
async fn every_byte_passes_as_it_is_in_both_directions() {
    let backend = RawBackend::start().await;
    let front = Front::before(backend.address).await;
    let mut socket = RawSocket::open(front.address, "/live/x?y=1").await;
    let mut sent = raw::frame(0x81, b"first");
    // Each form of length, fragments, a ping between them, and what only the backend may judge: a reserved bit.
    sent.extend(raw::frame(0x82, &[1; 200]));
    sent.extend(raw::frame(0x82, &vec![2; 70_000]));
    sent.extend(raw::frame(0x01, b"be"));
    sent.extend(raw::frame(0x89, b"ping"));
    sent.extend(raw::frame(0x80, b"gin"));
    sent.extend(raw::frame(0xc2, b"reserved"));
    sent.extend(raw::frame(0x88, &[0x0f, 0xa1, b'b', b'y', b'e']));
    let half = sent.len() / 2;
    socket.write(&sent[..half]).await;
    let (mut stream, head) = backend.visit().await;
    assert!(head.starts_with("GET /x?y=1 HTTP/1.1\r\n"), "{head}");
    socket.write(&sent[half..]).await;
    let mut got = vec![0; sent.len()];
    in_time(stream.read_exact(&mut got))
        .await
        .expect("all of it");
    assert!(got == sent, "another byte came");

    let answer: Vec<u8> = (0..100_000_u32).map(|n| (n / 7) as u8).collect();
    stream.write_all(&answer).await.expect("open");
    drop(stream);
    let mut got = Vec::new();
    in_time(socket.stream.read_to_end(&mut got))
        .await
        .expect("its end");
    assert!(got == answer, "another byte came");
}

#[tokio::test]
async fn messages_pings_and_closes_pass_in_both_directions() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    let (mut socket, chosen) = plain(front.address, "/live", "").await.expect("open");
    assert_eq!(chosen, None);
    socket.send(Message::text("hello")).await.expect("open");
    let mut visit = backend.visit().await;
    assert_eq!(visit.text().await, "hello");
    for length in [0, 125, 126, 65_535, 65_536] {
        let message = Message::binary(vec![5; length]);
        socket.send(message.clone()).await.expect("open");
        assert_eq!(visit.next().await, message);
        visit.send(message.clone()).await;
        let heard = in_time(socket.next())
            .await
            .expect("open")
            .expect("a frame");
        assert_eq!(heard, message);
    }
    visit
        .socket
        .send(Message::Ping("are you there".into()))
        .await
        .expect("open");
    assert_eq!(
        in_time(socket.next())
            .await
            .expect("open")
            .expect("a frame"),
        Message::Ping("are you there".into())
    );
    let frame = CloseFrame {
        code: 4001.into(),
        reason: "bye".into(),
    };
    socket.close(Some(frame.clone())).await.expect("open");
    assert_eq!(visit.closed().await, Some((4001, "bye".to_owned())));
    drop(visit);
    drop(socket);

    let (mut socket, _) = plain(front.address, "/live", "").await.expect("open");
    socket.send(Message::text("hello")).await.expect("open");
    let mut visit = backend.visit().await;
    assert_eq!(visit.text().await, "hello");
    tokio::spawn(async move { visit.close(1013, "later").await });
    match in_time(socket.next())
        .await
        .expect("open")
        .expect("a frame")
    {
        Message::Close(Some(frame)) => {
            assert_eq!(
                (u16::from(frame.code), frame.reason.as_str()),
                (1013, "later")
            );
        }
        other => panic!("{other:?}"),
    }
    drop(socket);
    front.until_metric("plain_websockets", 0).await;
    assert_eq!(front.metric("plain_websockets_total").await, Some(2));
}

#[tokio::test]
async fn a_sub_protocol_is_the_choice_of_the_backend() {
    let mut backend = Backend::start(&["foo"]).await;
    let front = Front::before(backend.address).await;
    // With and without a space, as browsers and others write them.
    for (offered, expected) in [
        ("bar, foo", Some("foo")),
        ("bar,foo", Some("foo")),
        ("bar", None),
    ] {
        // The library fails a handshake without the sub-protocol that it asked for, so this one is read by hand.
        let header = format!("Sec-WebSocket-Protocol: {offered}\r\n");
        let request = raw::handshake("/live", &header);
        let answer = raw::exchange(front.address, &request)
            .await
            .expect("an answer");
        assert_eq!(answer.status, 101);
        assert_eq!(answer.header("sec-websocket-protocol"), expected);
        assert_eq!(
            backend.visit().await.header("sec-websocket-protocol"),
            Some(offered)
        );
    }
    let (mut socket, chosen) = plain(front.address, "/live", "foo").await.expect("open");
    assert_eq!(chosen.as_deref(), Some("foo"));
    let mut visit = backend.visit().await;
    // The server speaks first, and nothing waits.
    visit.send("welcome").await;
    let heard = in_time(socket.next())
        .await
        .expect("open")
        .expect("a frame");
    assert_eq!(heard, Message::text("welcome"));
}

#[tokio::test]
async fn a_client_that_waits_for_its_server_to_speak_is_plain() {
    let mut backend = Backend::start(&[]).await;
    let mut config = GatewayConfig::new([live(backend.address)]);
    config.limits.plain_after = Duration::from_millis(50);
    let front = Front::start(config).await;
    let (mut socket, _) = plain(front.address, "/live", "").await.expect("open");
    let mut visit = backend.visit().await;
    visit.send("welcome").await;
    let heard = in_time(socket.next())
        .await
        .expect("open")
        .expect("a frame");
    assert_eq!(heard, Message::text("welcome"));
    socket.send(Message::text("thanks")).await.expect("open");
    assert_eq!(visit.text().await, "thanks");
}

#[tokio::test]
async fn a_late_hello_is_still_one() {
    let mut backend = Backend::start(&[]).await;
    let mut config = GatewayConfig::new([live(backend.address)]);
    config.limits.plain_after = Duration::from_millis(20);
    let front = Front::start(config).await;
    let mut socket = RawSocket::open(front.address, "/live").await;
    let mut mistaken = backend.visit().await;
    // In pieces, as a slow link brings it.
    let hello = raw::packet(&raw::hello(1, HelloMode::Socket), |_| ());
    let frame = raw::frame(0x82, &hello);
    for piece in frame.chunks(7) {
        socket.write(piece).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(matches!(socket.hear().await, Heard::Binary(packet) if packet.first() == Some(&0x02)));
    let moved = mistaken.closed().await.expect("a code");
    assert_eq!(
        moved,
        (1001, "session: the client speaks tidewire".to_owned())
    );
    let _session = backend.visit().await;
    assert_eq!(front.metric("sessions_created_total").await, Some(1));
}

#[tokio::test]
async fn a_hello_that_has_begun_is_waited_for() {
    let mut backend = Backend::start(&[]).await;
    let mut config = GatewayConfig::new([live(backend.address)]);
    config.limits.plain_after = Duration::from_secs(1);
    let front = Front::start(config).await;
    let mut socket = RawSocket::open(front.address, "/live").await;
    let hello = raw::packet(&raw::hello(1, HelloMode::Socket), |_| ());
    let frame = raw::frame(0x82, &hello);
    let (begun, rest) = frame.split_at(3);
    socket.write(begun).await;
    // Longer than a silent client has.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(!backend.has_visit(), "none is opened as for a plain client");
    socket.write(rest).await;
    assert!(matches!(socket.hear().await, Heard::Binary(packet) if packet.first() == Some(&0x02)));
    let _session = backend.visit().await;
    assert!(!backend.has_visit());
}

#[tokio::test]
async fn a_hello_after_the_backend_has_spoken_reaches_no_backend() {
    let mut backend = Backend::start(&[]).await;
    let mut config = GatewayConfig::new([live(backend.address)]);
    config.limits.plain_after = Duration::from_millis(20);
    let front = Front::start(config).await;
    let mut socket = RawSocket::open(front.address, "/live").await;
    let mut mistaken = backend.visit().await;
    mistaken.send(b"welcome".to_vec()).await;
    assert_eq!(socket.hear().await, Heard::Binary(b"welcome".to_vec()));
    let hello = raw::packet(&raw::hello(1, HelloMode::Socket), |_| ());
    socket.binary(&hello).await;
    // Both are cut, and the client comes again as after any cut.
    assert_eq!(socket.hear().await, Heard::End);
    let heard = in_time(mistaken.socket.next()).await;
    assert!(!matches!(heard, Some(Ok(_))), "{heard:?}");
    let mut socket = RawSocket::open(front.address, "/live").await;
    socket.binary(&hello).await;
    assert!(matches!(socket.hear().await, Heard::Binary(packet) if packet.first() == Some(&0x02)));
}

#[tokio::test]
async fn a_tidewire_client_that_offers_a_sub_protocol_has_a_session() {
    let mut backend = Backend::start(&["foo"]).await;
    let front = Front::before(backend.address).await;
    let mut stream = tokio::net::TcpStream::connect(front.address)
        .await
        .expect("connect");
    let request = raw::handshake("/live", "Sec-WebSocket-Protocol: foo\r\n");
    stream.write_all(&request).await.expect("open");
    let answer = raw::read_answer(&mut stream).await.expect("an answer");
    assert_eq!(answer.header("sec-websocket-protocol"), Some("foo"));
    let mut socket = RawSocket { stream };
    let hello = raw::packet(&raw::hello(1, HelloMode::Socket), |_| ());
    socket.binary(&hello).await;
    assert!(matches!(socket.hear().await, Heard::Binary(packet) if packet.first() == Some(&0x02)));
    let _asked = backend.visit().await;
    assert_eq!(
        backend.visit().await.header("sec-websocket-protocol"),
        Some("foo")
    );
}

#[tokio::test]
async fn binary_messages_that_begin_like_a_hello_are_told_apart() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    for message in [
        &[1][..],
        &[1, 1],
        &[1, 1, 0xff],
        &[1, 2, 0, 0],
        &[0; 40],
        &[1; 10_000],
    ] {
        let (mut socket, _) = plain(front.address, "/live", "").await.expect("open");
        socket
            .send(Message::binary(message.to_vec()))
            .await
            .expect("open");
        let mut visit = backend.visit().await;
        assert_eq!(visit.next().await, Message::binary(message.to_vec()));
    }
    assert_eq!(front.metric("websockets_total").await, Some(0));
    // And a real one needs no time at all.
    let mut client = TestClient::connect(front.address, only(Transport::WebSocket));
    client.connected().await;
    assert_eq!(front.metric("plain_websockets_total").await, Some(6));
}
