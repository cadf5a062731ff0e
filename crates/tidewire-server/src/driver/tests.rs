//! What a panic inside a session does, and what an overtaken beginning.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::StreamExt;
use tidewire_proto::wire::{Ack, Hello, HelloMode, Position};
use tidewire_proto::{SessionConfig, SessionKey};

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

/// A session that was made, and to which no carrier has attached yet.
fn made() -> Driver {
    let hello = hello(HelloMode::Poll);
    let clock = Clock::start();
    let machine = tidewire_proto::Session::new(clock.now(), SessionConfig::default(), 1, &hello);
    let name = SessionName::new(hello.key, None);
    Driver::new(Weak::new(), clock, name, 1, machine)
}

/// Attaches with this number and these frames; what is answered is of no interest.
fn attach_to(driver: &Driver, mode: HelloMode, number: u64, frames: &[u8]) {
    let mut hello = hello(mode);
    hello.attach = number;
    let outlet = match mode {
        HelloMode::Socket => Outlet::Socket(mpsc::channel(Outlet::SOCKET_COMMANDS).0),
        _ => Outlet::Exchange(oneshot::channel().0),
    };
    let opening = Opening { hello, frames };
    let attached = driver.attach(CarrierId(number), &opening, outlet, None);
    assert!(attached.is_ok());
}

#[test]
fn a_session_whose_maker_was_overtaken_by_a_faster_carrier_lives() {
    let driver = made();
    attach_to(&driver, HelloMode::Socket, 2, &[]);
    attach_to(&driver, HelloMode::Poll, 1, &[]);
    assert!(driver.is_born_or_ends(&Close::new(CloseCode::EXPIRED, "")));
    assert_eq!(driver.end(), None);
}

#[test]
fn a_session_of_which_no_packet_was_taken_ends() {
    let driver = made();
    attach_to(&driver, HelloMode::Poll, 1, &[0xff]);
    assert!(!driver.is_born_or_ends(&Close::new(CloseCode::EXPIRED, "")));
    assert!(driver.end().is_some());
}
