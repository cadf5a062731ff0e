//! A client that was away when its session was closed is told the first close, whatever the server's handler does after it.

mod support;

use futures_util::StreamExt;
use support::Server;
use support::raw::{self, Heard, RawSocket};
use tidewire_proto::wire::HelloMode;
use tidewire_proto::{Close, CloseCode};
use tidewire_server::{Hub, HubConfig, Session};

/// Waits until the client has left, closes, and is dropped.
async fn close_and_leave(mut session: Session) {
    assert_eq!(session.next().await, Some("leaving".into()));
    let handle = session.handle();
    support::eventually("the client is away", || handle.transport().is_none()).await;
    let close = Close::new(CloseCode(4_001), "mine: the first close counts");
    handle.close_with(close.after(std::time::Duration::from_secs(7)));
}

#[tokio::test]
async fn the_first_close_is_told_to_whoever_comes_back() {
    let mut config = HubConfig::default();
    // The session ends at once, with its client away.
    config.session.close_timeout = std::time::Duration::from_millis(1);
    let server = Server::start(Hub::builder().config(config), close_and_leave).await;
    let mut hello = raw::hello(1, HelloMode::Socket);
    let mut socket = RawSocket::open(server.address, "/live").await;
    let packet = raw::packet(&hello, |writer| {
        writer.seek(tidewire_proto::wire::Position::default());
        writer.message(true, b"leaving");
    });
    socket.binary(&packet).await;
    assert!(matches!(socket.hear().await, Heard::Binary(_)));
    drop(socket);
    support::eventually("the session has ended", || server.hub.metrics().ended == 1).await;

    (hello.attach, hello.resume, hello.mode) = (2, true, HelloMode::Poll);
    hello.exchange = 1;
    let request = raw::post("/live", "", &raw::packet(&hello, |_| ()));
    let answer = raw::exchange(server.address, &request).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.header("tidewire-error"), Some("mine"));
    assert_eq!(answer.header("retry-after"), Some("7"));
}
