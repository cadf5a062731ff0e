//! What a panic inside a session does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::StreamExt;
use tidewire_proto::SessionKey;
use tidewire_proto::wire::{Ack, Hello, HelloMode, Position};

use super::*;
use crate::hub::Hub;
use crate::session::Session;

fn hello() -> Hello {
    let mut key = [7; 16];
    key[0] = 1;
    Hello {
        key: SessionKey::from_bytes(key).expect("a key"),
        mode: HelloMode::Poll,
        resume: false,
        welcomed: false,
        instance: 1,
        session: 0,
        attach: 1,
        exchange: 1,
        ack: Ack {
            received: Position::default(),
            acknowledged: 0,
        },
        max_message: 1 << 20,
        window_bytes: 1 << 20,
        window_messages: 1_000,
        token: Vec::new(),
    }
}

#[tokio::test]
async fn a_panic_under_the_lock_ends_the_session_and_is_counted() {
    let hub = Hub::builder().build().expect("a sensible configuration");
    let visitor = crate::hub::Visitor {
        parts: Arc::new(http::Request::new(()).into_parts().0),
        peer: None,
        address: None,
    };
    let opening = Opening {
        hello: hello(),
        frames: &[],
    };
    let (exchange, _answer) = oneshot::channel();
    let carrier = hub.inner.next_carrier();
    let driver = hub
        .inner
        .attach(
            &visitor,
            None,
            carrier,
            &opening,
            Outlet::Exchange(exchange),
        )
        .expect("a session");
    let mut session: Session = hub.accept().await.expect("the session");
    let receipt = session.try_send("unconfirmed").expect("room");

    let panic = catch_unwind(AssertUnwindSafe(|| {
        driver.turn(|_, _| panic!("as the test ordered"))
    }));
    assert!(panic.is_err());
    assert_eq!(session.next().await, None);
    assert!(receipt.await.is_err());
    assert!(session.try_send("late").is_err());
    while hub.metrics().sessions > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!((hub.metrics().panicked, hub.metrics().ended), (1, 1));
}
