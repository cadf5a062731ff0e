//! Whatever an application closes with, the close frame is one that RFC 6455 allows: a reason of at most 123 bytes, and a code
//! that may be sent.

mod support;

use support::Server;
use support::raw::{self, Heard, RawSocket};
use tidewire_proto::wire::HelloMode;
use tidewire_server::{Close, CloseCode, Hub};

/// A reason of two-byte characters, of which 123 bytes hold 61.
fn endless() -> String {
    "é".repeat(300)
}

/// What a client hears whose session is closed with this code and an endless reason.
async fn heard(code: u16, close: fn(&Hub, &Close)) -> Heard {
    let server = Server::start(Hub::builder(), support::echo_session).await;
    let mut socket = RawSocket::open(server.address, "/live").await;
    let hello = raw::hello(1, HelloMode::Socket);
    socket.binary(&raw::packet(&hello, |_| {})).await;
    assert!(matches!(socket.hear().await, Heard::Binary(_)));
    let mut forged = Close::new(CloseCode(code), "");
    forged.reason = endless();
    close(&server.hub, &forged);
    socket.hear_close().await
}

fn by_handle(hub: &Hub, close: &Close) {
    for session in hub.sessions() {
        session.close_with(close.clone());
    }
}

fn by_hub(hub: &Hub, close: &Close) {
    hub.end_all(close);
}

#[tokio::test]
async fn codes_that_may_not_be_sent_are_replaced_and_reasons_are_cut() {
    for (given, sent) in [
        (0, 1011),
        (999, 1011),
        (1000, 1000),
        (1004, 1011),
        (1005, 1011),
        (1006, 1011),
        (1015, 1011),
        (2999, 1011),
        (3000, 3000),
        (4999, 4999),
        (5000, 1011),
        (u16::MAX, 1011),
    ] {
        for close in [by_handle, by_hub] {
            let expected = Heard::Close {
                code: sent,
                reason: "é".repeat(61),
            };
            assert_eq!(heard(given, close).await, expected, "{given}");
        }
    }
}
