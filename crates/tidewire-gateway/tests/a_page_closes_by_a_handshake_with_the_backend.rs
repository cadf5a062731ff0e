//! A page that closes is told how its backend answered, in bounded time: the closing handshake of RFC 6455 goes through the gateway.

mod support;

use std::time::{Duration, Instant};

use support::backend::{Backend, RawBackend};
use support::client::{TestClient, only, quick};
use support::{Control, DROP_IN, Front, control, in_time, live, refused};
use tidewire_gateway::GatewayConfig;
use tidewire_proto::{CloseCode, Payload, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// How long a test looks whether something comes that must not.
const A_WHILE: Duration = Duration::from_millis(300);
/// The close frame of a server: 4321 "other".
const OTHER: &[u8] = b"\x88\x07\x10\xe1other";

/// A session of a drop-in, after *opened*, and every byte of its backend's end.
async fn open(front: &Front, backend: &RawBackend) -> (TestClient, TcpStream) {
    let mut client = TestClient::connect_as(front.address, quick(), DROP_IN);
    let (stream, _) = backend.visit().await;
    assert_eq!(
        control(&mut client).await,
        Ok(Control::Opened(String::new()))
    );
    (client, stream)
}

/// What a short frame from the gateway says, with its first byte.
async fn frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 6];
    in_time(stream.read_exact(&mut head))
        .await
        .expect("a frame");
    let [first, length, mask @ ..] = head;
    let mut payload = vec![0; usize::from(length & 0x7f)];
    in_time(stream.read_exact(&mut payload)).await.expect("all");
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    (first, payload)
}

/// The last message to a drop-in, and then the end of its session: whether the close was clean, the code and the name of the reason.
async fn end(client: &mut TestClient) -> (bool, u16, String) {
    let told = control(client).await;
    let Ok(Control::Closed {
        is_clean,
        code,
        reason,
    }) = told
    else {
        panic!("{told:?}");
    };
    let close = refused(client).await;
    assert_eq!((close.code, close.name()), (CloseCode::NORMAL, "closed"));
    let name = reason.split(':').next().unwrap_or_default();
    (is_clean, code, name.to_owned())
}

fn clean(code: u16, reason: &str) -> (bool, u16, String) {
    (true, code, reason.to_owned())
}

fn unclean(code: u16, name: &str) -> (bool, u16, String) {
    (false, code, name.to_owned())
}

#[tokio::test]
async fn the_backend_hears_the_page_and_the_page_its_answer_on_each_transport() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    for transport in Transport::ALL {
        for (said, heard, told) in [
            ("1005", None, clean(1005, "")),
            ("1000", Some((1000, "")), clean(1000, "")),
            ("3000bye", Some((3000, "bye")), clean(3000, "bye")),
        ] {
            let mut client = TestClient::connect_as(front.address, only(transport), DROP_IN);
            let mut visit = backend.visit().await;
            assert_eq!(
                control(&mut client).await,
                Ok(Control::Opened(String::new()))
            );
            client.send("last words").await;
            client.send(format!("\0tidewire{said}").as_str()).await;
            assert_eq!(visit.text().await, "last words");
            let heard = heard.map(|(code, reason)| (code, reason.to_owned()));
            assert_eq!(visit.closed().await, heard);
            // Which answers as it was told.
            tokio::spawn(visit.echo());
            assert_eq!(end(&mut client).await, told);
        }
    }
    front
        .until_metric("bridges_ended_total{by=\"browser\"}", 9)
        .await;
    front.until_metric("bridges", 0).await;
}

#[tokio::test]
async fn an_answer_that_comes_late_is_waited_for_and_no_message_before_it_is_told() {
    let backend = RawBackend::start().await;
    let front = Front::before(backend.address).await;
    let (mut client, mut stream) = open(&front, &backend).await;
    client.send("\0tidewire3000bye").await;
    assert_eq!(frame(&mut stream).await, (0x88, b"\x0b\xb8bye".to_vec()));
    stream.write_all(b"\x81\x04late").await.expect("open");
    // A page that is away in the meantime hears of it when it comes back.
    client.cut();
    let early = tokio::time::timeout(A_WHILE, control(&mut client)).await;
    assert!(early.is_err(), "{early:?}");
    stream.write_all(OTHER).await.expect("open");
    assert_eq!(end(&mut client).await, clean(4321, "other"));
}

#[tokio::test]
async fn an_answer_without_a_code_or_with_one_that_may_not_travel_is_told_as_it_is() {
    for (answer, told) in [
        (&b"\x88\x00"[..], clean(1005, "")),
        (b"\x88\x02\x03\xf6", clean(1014, "")),
        (b"\x88\x02\x03\xee", unclean(1002, "backend-frame")),
        (b"\x88\x02\x03\xe7", unclean(1002, "backend-frame")),
    ] {
        let backend = RawBackend::start().await;
        let front = Front::before(backend.address).await;
        let (mut client, mut stream) = open(&front, &backend).await;
        client.send("\0tidewire1000").await;
        frame(&mut stream).await;
        stream.write_all(answer).await.expect("open");
        assert_eq!(end(&mut client).await, told);
    }
}

#[tokio::test]
async fn a_backend_that_cuts_instead_of_answering_has_not_closed() {
    let backend = RawBackend::start().await;
    let front = Front::before(backend.address).await;
    for is_reset in [false, true] {
        let (mut client, mut stream) = open(&front, &backend).await;
        client.send("\0tidewire3000bye").await;
        frame(&mut stream).await;
        if is_reset {
            stream.set_zero_linger().expect("an option");
        }
        drop(stream);
        assert_eq!(end(&mut client).await, unclean(1006, "backend-lost"));
    }
}

#[tokio::test]
async fn a_backend_that_does_not_answer_in_time_is_left() {
    let backend = RawBackend::start().await;
    let mut config = GatewayConfig::new([live(backend.address)]);
    config.limits.backend_close = A_WHILE;
    let front = Front::start(config).await;
    let (mut client, mut stream) = open(&front, &backend).await;
    let began = Instant::now();
    client.send("\0tidewire3000bye").await;
    assert_eq!(frame(&mut stream).await.0, 0x88);
    assert_eq!(end(&mut client).await, unclean(1006, "backend-unanswered"));
    assert!(began.elapsed() >= A_WHILE);
    let mut rest = Vec::new();
    // Reset or not, it is over.
    let _ = in_time(stream.read_to_end(&mut rest)).await;
    assert_eq!(rest, b"");
    front.until_metric("bridges", 0).await;
}

#[tokio::test]
async fn closes_that_cross_are_one() {
    let backend = RawBackend::start().await;
    let front = Front::before(backend.address).await;
    let (mut client, mut stream) = open(&front, &backend).await;
    client.send("\0tidewire3000bye").await;
    stream.write_all(OTHER).await.expect("open");
    assert_eq!(end(&mut client).await, clean(4321, "other"));
    assert_eq!(frame(&mut stream).await.0, 0x88);
}

#[tokio::test]
async fn a_text_that_looks_like_a_close_is_the_pages_own_where_it_is_marked_so() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    let client = TestClient::connect_as(front.address, quick(), DROP_IN);
    let mut visit = backend.visit().await;
    client.send("\0tidewire\0tidewire3000bye").await;
    assert_eq!(visit.text().await, "\0tidewire3000bye");
    // As bytes it is never one.
    client.send(&b"\0tidewire3000bye"[..]).await;
    assert_eq!(
        visit.next().await,
        Message::binary(b"\0tidewire3000bye".to_vec())
    );
    // Nor from an ordinary client.
    let ordinary = TestClient::connect(front.address, quick());
    let mut visit = backend.visit().await;
    ordinary.send(Payload::from("\0tidewire3000bye")).await;
    assert_eq!(visit.text().await, "\0tidewire3000bye");
}

#[tokio::test]
async fn a_control_message_that_no_drop_in_sends_ends_both_sides() {
    let mut backend = Backend::start(&[]).await;
    let front = Front::before(backend.address).await;
    for malformed in ["\0tidewire", "\0tidewire1001", "\0tidewire1005bye"] {
        let mut client = TestClient::connect_as(front.address, quick(), DROP_IN);
        let mut visit = backend.visit().await;
        assert_eq!(
            control(&mut client).await,
            Ok(Control::Opened(String::new()))
        );
        client.send(malformed).await;
        let told = "client: it broke the rules of control messages";
        assert_eq!(visit.closed().await, Some((1002, told.to_owned())));
        assert_eq!(end(&mut client).await, unclean(4400, "malformed"));
    }
}
