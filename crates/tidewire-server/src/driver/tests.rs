//! What a panic inside a session does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::StreamExt;
use tidewire_proto::SessionKey;
use tidewire_proto::wire::{Ack, Hello, HelloMode, Position};

use super::*;
use crate::hub::Hub;
use crate::session::Session;

fn hello(mode: HelloMode) -> Hello {
    let mut key = [7; 16];
    key[0] = 1;
    Hello {
        key: SessionKey::from_bytes(key).expect("a key"),
        mode,
        resume: false,
        welcomed: false,
        instance: 1,
        session: 0,
        attach: 1,
        exchange: u64::from(mode != HelloMode::Socket),
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

fn attach(hub: &Hub, mode: HelloMode, outlet: Outlet) -> (Arc<Driver>, CarrierId) {
    let visitor = crate::hub::Visitor {
        parts: Arc::new(http::Request::new(()).into_parts().0),
        peer: None,
        address: None,
    };
    let opening = Opening {
        hello: hello(mode),
        frames: &[],
    };
    let carrier = hub.inner.next_carrier();
    let driver = hub
        .inner
        .attach(&visitor, None, carrier, &opening, outlet)
        .expect("a session");
    (driver, carrier)
}

/// A session whose client has left before it acknowledged a message.
fn attach_and_leave(hub: &Hub) -> Arc<Driver> {
    let (commands, _) = mpsc::channel(Outlet::SOCKET_COMMANDS);
    let (driver, carrier) = attach(hub, HelloMode::Socket, Outlet::Socket(commands));
    driver.try_send("held".into()).expect("room");
    driver.handle_closed(carrier);
    driver
}

fn panic_inside(driver: &Driver) {
    let panic = catch_unwind(AssertUnwindSafe(|| {
        driver.turn(|_, _| panic!("as the test ordered"))
    }));
    assert!(panic.is_err());
}

async fn all_sessions_are_gone(hub: &Hub) {
    while hub.metrics().sessions > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_panic_under_the_lock_ends_the_session_and_is_counted() {
    let hub = Hub::builder().build().expect("a sensible configuration");
    let (exchange, _answer) = oneshot::channel();
    let (driver, _) = attach(&hub, HelloMode::Poll, Outlet::Exchange(exchange));
    let mut session: Session = hub.accept().await.expect("the session");
    let receipt = session.try_send("unconfirmed").expect("room");

    panic_inside(&driver);
    assert_eq!(session.next().await, None);
    assert!(receipt.await.is_err());
    assert!(session.try_send("late").is_err());
    all_sessions_are_gone(&hub).await;
    assert_eq!((hub.metrics().panicked, hub.metrics().ended), (1, 1));
}

#[tokio::test]
async fn a_panic_gives_back_what_the_session_held_while_it_was_detached() {
    let hub = Hub::builder().build().expect("a sensible configuration");
    let driver = attach_and_leave(&hub);
    assert!(hub.metrics().detached_bytes > 0);
    panic_inside(&driver);
    all_sessions_are_gone(&hub).await;
    assert_eq!(hub.metrics().detached_bytes, 0);
}

#[tokio::test]
async fn a_panic_of_one_eviction_does_not_stop_the_next() {
    let config = crate::HubConfig {
        detached_bytes: 1,
        ..crate::HubConfig::default()
    };
    let hub = Hub::builder()
        .config(config)
        .build()
        .expect("a sensible configuration");
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _evicting = hub.inner.evicting.lock();
        panic!("as the test ordered")
    }));
    assert!(panic.is_err());
    attach_and_leave(&hub);
    assert_eq!(hub.metrics().evicted, 1);
}
