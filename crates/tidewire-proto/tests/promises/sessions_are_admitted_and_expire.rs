//! Who gets a session, for how long, and how often.

use tidewire_proto::CarrierId;
use tidewire_proto::server::{Admission, Lookup, SessionEvent, admit};
use tidewire_proto::wire::HelloMode;

use super::support::direct::{Direct, frames, hello, packet};
use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_new_client_gets_a_session_and_a_retried_create_finds_it() {
    let hello = hello(HelloMode::Socket, 1, 0);
    assert_eq!(admit(Lookup::Unknown, &hello), Ok(Admission::Create));
    assert_eq!(admit(Lookup::Known, &hello), Ok(Admission::Attach));
}

#[test]
fn a_client_that_comes_back_to_nothing_is_told() {
    let mut hello = hello(HelloMode::Socket, 2, 0);
    hello.resume = true;
    let refused = admit(Lookup::Unknown, &hello).map_err(|close| close.code);
    assert_eq!(refused, Err(CloseCode::UNKNOWN_SESSION));
    assert_eq!(admit(Lookup::Known, &hello), Ok(Admission::Attach));
}

#[test]
fn a_client_of_an_ended_session_is_told_why_unless_that_would_bring_it_back_for_ever() {
    let hello = hello(HelloMode::Socket, 2, 0);
    let told = |code| {
        let close = Close::new(code, "over: it has ended");
        admit(Lookup::Ended { close, told: true }, &hello).map_err(|close| close.code)
    };
    assert_eq!(told(CloseCode::NORMAL), Err(CloseCode::NORMAL));
    assert_eq!(told(CloseCode::FORBIDDEN), Err(CloseCode::FORBIDDEN));
    assert_eq!(told(CloseCode::EXPIRED), Err(CloseCode::EXPIRED));
    assert_eq!(told(CloseCode::DRAINING), Err(CloseCode::EXPIRED));
}

#[test]
fn a_detached_session_lives_for_two_minutes() {
    let mut direct = Direct::on_socket(SessionConfig::default());
    direct.reply("1");
    direct.session.handle_closed(CarrierId(1));
    direct.settle();
    direct.run(ms(119_999));
    assert!(!direct.session.is_ended());
    direct.run(ms(1));
    assert!(direct.session.is_ended());
    assert!(matches!(
        direct.events.last(),
        Some(SessionEvent::Ended { cause: Cause::TimedOut, unconfirmed, .. })
            if unconfirmed.len() == 1 && unconfirmed[0].transmitted
    ));
}

#[test]
fn contact_of_any_kind_keeps_a_session() {
    let mut direct = Direct::on_socket(SessionConfig::default());
    for nonce in 0..60 {
        direct.run(secs(7));
        direct.says(1, &frames(|writer| writer.pong(nonce)));
    }
    assert!(!direct.session.is_ended());
    assert_eq!(direct.session.last_contact(), direct.now);
}

#[test]
fn a_session_without_messages_expires_where_that_is_asked_for() {
    let mut config = SessionConfig::default();
    config.idle_expiry = Some(secs(60));
    let mut direct = Direct::on_socket(config);
    direct.run(secs(5));
    direct.says(
        1,
        &frames(|writer| {
            writer.seek(Default::default());
            writer.message(true, b"1");
        }),
    );
    for nonce in 0..11 {
        direct.run(secs(5));
        direct.says(1, &frames(|writer| writer.pong(nonce)));
    }
    assert!(!direct.session.is_ended(), "55 seconds");
    direct.run(secs(5));
    assert!(direct.session.is_ended());
    assert_eq!(
        direct.refusal(1).map(|close| close.code),
        Some(CloseCode::EXPIRED),
        "the client is told"
    );
}

#[test]
fn a_client_that_attaches_too_often_is_slowed_down_and_keeps_its_session() {
    let mut config = SessionConfig::default();
    config.attach_burst = 5;
    let mut direct = Direct::new(config);
    for attach in 1..=6 {
        direct.attach(attach, &hello(HelloMode::Socket, attach, 0), |_| {});
    }
    let close = direct.refusal(6).expect("the sixth is one too many");
    assert_eq!(close.code, CloseCode::RATE);
    assert!(close.retry_after.is_some_and(|delay| delay >= secs(1)));
    assert!(!direct.session.is_ended());
    direct.run(secs(3));
    direct.attach(7, &hello(HelloMode::Socket, 7, 0), |_| {});
    assert_eq!(direct.refusal(7), None);
}

#[test]
fn exchanges_of_one_attach_are_not_attaches() {
    let mut config = SessionConfig::default();
    config.attach_burst = 1;
    let mut direct = Direct::new(config);
    for exchange in 1..=20 {
        direct.attach(exchange, &hello(HelloMode::Poll, 1, exchange), |_| {});
        assert!(direct.answer(exchange).is_some());
        assert_eq!(direct.refusal(exchange), None);
    }
}

#[test]
fn frames_without_messages_are_counted() {
    let mut config = SessionConfig::default();
    config.control_burst = 10;
    let mut direct = Direct::on_socket(config);
    let flood = frames(|writer| (0..11).for_each(|nonce| writer.ping(nonce)));
    direct.says(1, &flood);
    assert_eq!(
        direct.refusal(1).map(|close| close.code),
        Some(CloseCode::RATE)
    );
    assert!(!direct.session.is_ended(), "the session can be resumed");
}

#[test]
fn a_socket_that_does_not_answer_a_heartbeat_is_dropped_within_twenty_seconds() {
    let mut direct = Direct::on_socket(SessionConfig::default());
    direct.run(ms(18_999));
    assert_eq!(direct.refusal(1), None);
    direct.run(ms(1));
    assert_eq!(
        direct.refusal(1).map(|close| close.code),
        Some(CloseCode::TIMEOUT)
    );
    assert_eq!(direct.events.last(), Some(&SessionEvent::Detached));
}

#[test]
fn an_old_number_is_stale_and_another_client_superseded() {
    let mut direct = Direct::new(SessionConfig::default());
    direct.attach(1, &hello(HelloMode::Socket, 5, 0), |_| {});
    direct.attach(2, &hello(HelloMode::Socket, 4, 0), |_| {});
    let (carrier, last) = direct.transmitted.last().expect("it was answered");
    assert_eq!((*carrier, kinds(last)), (CarrierId(2), vec![Kind::Stale]));
    assert_eq!(direct.refusal(2), None, "it may say hello again");

    direct.attach(3, &hello(HelloMode::Poll, 4, 1), |_| {});
    let refusal = direct.refusal(3).expect("it lost");
    assert_eq!(
        (refusal.code, refusal.name()),
        (CloseCode::SUPERSEDED, "stale")
    );
    let (_, answer) = direct.answered.last().expect("it was answered");
    assert_eq!(
        answer.status, 200,
        "browsers show an error in their console"
    );

    let mut other = hello(HelloMode::Socket, 5, 0);
    other.instance = 8;
    direct.attach(4, &other, |_| {});
    assert_eq!(
        direct.refusal(4).map(|close| close.code),
        Some(CloseCode::SUPERSEDED)
    );
    assert_eq!(direct.session.transport(), Some(Transport::WebSocket));
}

#[test]
fn a_retired_socket_that_says_hello_again_carries_the_session() {
    let mut direct = Direct::on_socket(SessionConfig::default());
    direct.attach(2, &hello(HelloMode::Hold { ms: 10_000 }, 2, 1), |_| {});
    assert_eq!(direct.session.transport(), Some(Transport::LongPolling));
    let again = packet(&hello(HelloMode::Socket, 3, 0), |_| {});
    direct.says(1, &again);

    assert_eq!(direct.session.transport(), Some(Transport::WebSocket));
    let (carrier, welcome) = direct.transmitted.last().expect("it was welcomed");
    assert_eq!(*carrier, CarrierId(1));
    assert!(kinds(welcome).contains(&Kind::Welcome));
}

#[test]
fn a_socket_that_carries_the_session_may_say_hello_again_too() {
    let mut direct = Direct::on_socket(SessionConfig::default());
    direct.says(1, &packet(&hello(HelloMode::Socket, 3, 0), |_| {}));
    assert_eq!(direct.refusal(1), None);
    let (_, answer) = direct.transmitted.last().expect("it was answered");
    assert!(kinds(answer).contains(&Kind::Welcome));
    direct.run(secs(16));
    assert_eq!(direct.refusal(1), None, "it was not retired by itself");

    direct.says(1, &packet(&hello(HelloMode::Socket, 3, 0), |_| {}));
    assert_eq!(
        direct.refusal(1).map(|close| close.code),
        Some(CloseCode::SUPERSEDED),
        "but not with a number that was used before"
    );
}

#[test]
fn a_retired_socket_that_stays_silent_is_closed_after_fifteen_seconds() {
    let mut direct = Direct::on_socket(SessionConfig::default());
    direct.attach(2, &hello(HelloMode::Poll, 2, 1), |_| {});
    direct.run(ms(14_999));
    assert_eq!(direct.refusal(1), None);
    direct.run(ms(1));
    assert_eq!(
        direct.refusal(1).map(|close| close.code),
        Some(CloseCode::SUPERSEDED)
    );
}
