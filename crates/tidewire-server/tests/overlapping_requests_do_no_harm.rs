//! Repeated, overlapping and abandoned requests are normal: the session lives, and each message comes once.

mod support;

use std::time::Duration;

use support::raw::{self, Answer, hello, packet, post};
use support::{Server, eventually};
use tidewire_proto::wire::{Ack, Frame, Hello, HelloMode, Position, Reader, Writer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

fn numbered(mode: HelloMode, exchange: u64) -> Hello {
    let mut hello = hello(1, mode);
    (hello.exchange, hello.resume, hello.welcomed) = (exchange, exchange > 1, exchange > 1);
    hello
}

async fn ask(server: &Server, hello: &Hello, more: impl FnOnce(&mut Writer)) -> Answer {
    raw::exchange(server.address, &post("/live", "", &packet(hello, more)))
        .await
        .expect("an answer")
}

/// Sends a request whose answer is not read yet.
async fn begin(server: &Server, hello: &Hello) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.expect("connect");
    stream
        .write_all(&post("/live", "", &packet(hello, |_| {})))
        .await
        .expect("written");
    stream
}

fn texts(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut reader = Reader::new(&answer.body);
    let mut texts = Vec::new();
    while let Some(frame) = Frame::read(&mut reader).expect("a sound packet") {
        if let Frame::Message { bytes, .. } = frame {
            texts.push(String::from_utf8(bytes.to_vec()).expect("text"));
        }
    }
    texts
}

const HOLD: HelloMode = HelloMode::Hold { ms: 10_000 };

#[tokio::test]
async fn a_second_held_poll_ends_the_first_and_is_held_itself() {
    let server = Server::echo().await;
    ask(&server, &numbered(HelloMode::Poll, 1), |_| {}).await;
    let mut first = begin(&server, &numbered(HOLD, 2)).await;
    eventually("the first is held", || server.hub.metrics().exchanges == 2).await;
    let mut second = begin(&server, &numbered(HOLD, 3)).await;
    let answer = raw::read_answer(&mut first).await.expect("an answer");
    assert_eq!(texts(&answer), Vec::<String>::new());
    server.hub.broadcast("for the second");
    let answer = raw::read_answer(&mut second).await.expect("an answer");
    assert_eq!(texts(&answer), ["for the second"]);
}

#[tokio::test]
async fn what_a_poll_that_was_abandoned_should_have_brought_comes_with_the_next() {
    let server = Server::echo().await;
    ask(&server, &numbered(HelloMode::Poll, 1), |_| {}).await;
    let abandoned = begin(&server, &numbered(HOLD, 2)).await;
    eventually("it is held", || server.hub.metrics().exchanges == 2).await;
    drop(abandoned);
    server.hub.broadcast("still here");
    let answer = ask(&server, &numbered(HelloMode::Poll, 3), |_| {}).await;
    assert_eq!(texts(&answer), ["still here"]);
    // It was not acknowledged, so it comes again; then it was, so it does not.
    let answer = ask(&server, &numbered(HelloMode::Poll, 4), |_| {}).await;
    assert_eq!(texts(&answer), ["still here"]);
    let mut last = numbered(HelloMode::Poll, 5);
    last.ack = Ack {
        received: Position::after(1),
        acknowledged: 1,
    };
    assert_eq!(
        texts(&ask(&server, &last, |_| {}).await),
        Vec::<String>::new()
    );
    assert_eq!(server.hub.metrics().sessions, 1);
}

#[tokio::test]
async fn a_repeated_send_is_taken_once_also_as_the_first_request_of_all() {
    let server = Server::echo().await;
    let say = |writer: &mut Writer| {
        writer.seek(Position::default());
        writer.message(true, b"once");
    };
    let create = numbered(HelloMode::Send, 1);
    let (first, second) = tokio::join!(ask(&server, &create, say), ask(&server, &create, say));
    assert_eq!((first.status, second.status), (200, 200));
    ask(&server, &create, say).await;
    let metrics = server.hub.metrics();
    assert_eq!((metrics.created, metrics.messages_received), (1, 1));
    let counts = server.hub.sessions()[0].counts();
    assert_eq!((counts.received, counts.duplicates_dropped), (1, 2));
}

#[tokio::test]
async fn old_attach_numbers_are_stale_and_too_many_attaches_are_told_to_wait() {
    let server = Server::echo().await;
    let attach = async |number: u64| {
        let mut hello = hello(5, HelloMode::Poll);
        (hello.attach, hello.resume) = (number, number != 7);
        let answer = ask(&server, &hello, |_| {}).await;
        let reason = answer.header("tidewire-error").unwrap_or("").to_owned();
        (
            answer.status,
            reason,
            answer.header("retry-after").is_some(),
        )
    };
    assert_eq!(attach(7).await.0, 200);
    assert_eq!(
        attach(7).await.0,
        200,
        "a repeated request is the same request"
    );
    // No error: browsers would show one in their console, and the client only was faster elsewhere.
    assert_eq!(attach(6).await, (200, "stale".to_owned(), false));
    assert_eq!(attach(u64::MAX).await, (200, String::new(), false));
    assert_eq!(attach(8).await, (200, "stale".to_owned(), false));
    let mut refused = attach(9).await;
    for number in 0..200 {
        refused = attach(number).await;
        if refused.0 == 429 {
            break;
        }
    }
    assert_eq!(refused, (429, "rate".to_owned(), true));
    assert_eq!(server.hub.metrics().sessions, 1);
}

#[tokio::test]
async fn a_poll_is_held_no_longer_than_asked() {
    let server = Server::echo().await;
    let started = std::time::Instant::now();
    let answer = ask(&server, &numbered(HelloMode::Hold { ms: 200 }, 1), |_| {}).await;
    // The first answer brings the welcome at once; the next one is held.
    assert_eq!(answer.status, 200);
    let answer = ask(&server, &numbered(HelloMode::Hold { ms: 200 }, 2), |_| {}).await;
    assert_eq!(texts(&answer), Vec::<String>::new());
    let elapsed = started.elapsed();
    assert!(
        (Duration::from_millis(200)..Duration::from_secs(10)).contains(&elapsed),
        "{elapsed:?}"
    );
}
