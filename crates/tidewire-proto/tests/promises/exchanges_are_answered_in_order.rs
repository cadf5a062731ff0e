//! HTTP exchanges: held, repeated, overlapping or late, each gets the answer that it needs.

use tidewire_proto::CarrierId;
use tidewire_proto::server::SessionEvent;
use tidewire_proto::wire::{Frame, Hello, HelloMode, Position, Reader};

use super::support::direct::{Direct, hello};
use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const HOLD: HelloMode = HelloMode::Hold { ms: 12_000 };

fn welcomed(mode: HelloMode, exchange: u64) -> Hello {
    let mut hello = hello(mode, 1, exchange);
    hello.resume = true;
    hello.welcomed = true;
    hello
}

fn polled() -> Direct {
    let mut direct = Direct::new(SessionConfig::default());
    direct.attach(1, &hello(HelloMode::Poll, 1, 1), |_| {});
    direct
}

#[test]
fn the_first_exchange_of_an_attach_is_welcomed_at_once() {
    let direct = polled();
    assert_eq!(direct.answer(1), Some(vec![Kind::Answer, Kind::Welcome]));
}

#[test]
fn an_answer_names_its_attach_and_its_exchange() {
    let mut direct = polled();
    direct.attach(2, &welcomed(HOLD, 2), |_| {});
    direct.run(secs(2));
    direct.reply("1");
    let (_, answer) = direct.answered.last().expect("there was something to say");
    let frame = Frame::read(&mut Reader::new(&answer.body));
    assert_eq!(
        frame,
        Ok(Some(Frame::Answer {
            attach: 1,
            exchange: 2,
            held_ms: 2_000
        }))
    );
}

#[test]
fn a_held_exchange_is_answered_by_a_message_or_at_its_end() {
    let mut direct = polled();
    direct.attach(2, &welcomed(HOLD, 2), |_| {});
    assert_eq!(direct.answer(2), None);
    direct.reply("1");
    assert_eq!(
        direct.answer(2),
        Some(vec![Kind::Answer, Kind::Ack, Kind::Seek, Kind::Message])
    );

    let mut answered = welcomed(HOLD, 3);
    answered.ack.received = Position::after(1);
    answered.ack.acknowledged = 1;
    direct.attach(3, &answered, |_| {});
    direct.run(ms(11_999));
    assert_eq!(direct.answer(3), None);
    direct.run(ms(1));
    assert_eq!(direct.answer(3), Some(vec![Kind::Answer, Kind::Ack]));
}

#[test]
fn no_hold_is_longer_than_the_server_allows() {
    let mut direct = polled();
    direct.attach(2, &welcomed(HelloMode::Hold { ms: u64::MAX }, 2), |_| {});
    direct.run(secs(25));
    assert!(direct.answer(2).is_some());
}

#[test]
fn an_exchange_that_wants_no_messages_gets_none() {
    let mut direct = polled();
    direct.reply("1");
    direct.attach(2, &welcomed(HelloMode::Send, 2), |_| {});
    assert_eq!(direct.answer(2), Some(vec![Kind::Answer, Kind::Ack]));
}

#[test]
fn the_acknowledgement_of_what_was_brought_rides_on_the_answer() {
    let mut direct = polled();
    direct.attach(2, &welcomed(HelloMode::Send, 2), |writer| {
        writer.seek(Position::default());
        writer.message(true, b"1");
    });
    assert_eq!(direct.answer(2), None, "the application has not taken it");
    direct.run(ms(20));
    direct.consumed(1);
    assert_eq!(acknowledged(&direct, 2), Some(1));

    direct.attach(3, &welcomed(HelloMode::Send, 3), |writer| {
        writer.seek(Position::after(1));
        writer.message(true, b"2");
    });
    direct.run(ms(49));
    assert_eq!(direct.answer(3), None);
    direct.run(ms(1));
    assert_eq!(
        acknowledged(&direct, 3),
        Some(1),
        "it waits no longer than 50 ms"
    );
}

#[test]
fn a_newer_poll_ends_the_older_one_without_messages() {
    let mut direct = polled();
    direct.attach(2, &welcomed(HOLD, 2), |_| {});
    direct.attach(3, &welcomed(HOLD, 3), |_| {});
    assert_eq!(direct.answer(2), Some(vec![Kind::Answer, Kind::Ack]));
    assert_eq!(direct.answer(3), None);
    direct.reply("1");
    assert!(
        direct
            .answer(3)
            .is_some_and(|kinds| kinds.contains(&Kind::Message))
    );
}

#[test]
fn a_poll_that_comes_again_after_a_newer_one_ends_empty() {
    let mut direct = polled();
    direct.attach(2, &welcomed(HOLD, 3), |_| {});
    direct.attach(3, &welcomed(HOLD, 2), |_| {});
    assert_eq!(direct.answer(3), Some(vec![Kind::Answer, Kind::Ack]));
    assert_eq!(direct.answer(2), None, "the newer one is held");
}

#[test]
fn a_request_that_a_proxy_repeats_delivers_its_messages_once() {
    let mut direct = polled();
    for carrier in [2, 3] {
        direct.attach(carrier, &welcomed(HelloMode::Send, 2), |writer| {
            writer.seek(Position::default());
            writer.message(true, b"1");
        });
    }
    direct.consumed(1);
    direct.run(ms(50));
    assert_eq!(direct.texts(), ["1"]);
    assert!(direct.answer(2).is_some() && direct.answer(3).is_some());
}

#[test]
fn requests_that_overtake_each_other_deliver_in_order() {
    let mut direct = polled();
    // The later request carries everything that is not acknowledged, so nothing is missing when it comes first.
    direct.attach(2, &welcomed(HelloMode::Send, 3), |writer| {
        writer.seek(Position::default());
        writer.message(true, b"1");
        writer.message(true, b"2");
    });
    direct.attach(3, &welcomed(HelloMode::Send, 2), |writer| {
        writer.seek(Position::default());
        writer.message(true, b"1");
    });
    assert_eq!(direct.texts(), ["1", "2"]);
    assert_eq!(direct.session.duplicates_dropped(), 1);
}

#[test]
fn a_session_holds_no_more_than_four_exchanges() {
    let mut direct = polled();
    for exchange in 2..=30 {
        direct.attach(exchange, &welcomed(HelloMode::Send, exchange), |writer| {
            writer.seek(Position::default());
            writer.message(true, b"x");
            writer.message(true, &exchange.to_le_bytes()[..1]);
        });
        let open = (2..=exchange)
            .filter(|carrier| direct.answer(*carrier).is_none())
            .count();
        assert!(open <= 4, "{open}");
    }
}

#[test]
fn a_socket_that_takes_over_releases_what_is_held() {
    let mut direct = polled();
    direct.attach(2, &welcomed(HOLD, 2), |_| {});
    direct.attach(3, &hello(HelloMode::Socket, 2, 0), |_| {});
    let close = farewell(&direct, 2).expect("it is answered at once");
    assert_eq!(close.code, CloseCode::SUPERSEDED);
    assert_eq!(close.name(), "stale");
    assert!(!direct.events.contains(&SessionEvent::Detached));
}

#[test]
fn a_poll_that_broke_off_is_forgotten_and_its_messages_kept() {
    let mut direct = polled();
    direct.attach(2, &welcomed(HOLD, 2), |_| {});
    direct.session.handle_closed(CarrierId(2));
    direct.settle();
    direct.reply("1");
    assert_eq!(direct.answer(2), None);
    direct.attach(3, &welcomed(HOLD, 3), |_| {});
    assert!(
        direct
            .answer(3)
            .is_some_and(|kinds| kinds.contains(&Kind::Message))
    );
}

#[test]
fn a_client_on_http_that_falls_silent_is_detached_after_twenty_seconds() {
    let mut direct = polled();
    direct.run(ms(19_999));
    assert!(!direct.events.contains(&SessionEvent::Detached));
    direct.run(ms(1));
    assert_eq!(direct.events.last(), Some(&SessionEvent::Detached));
}

/// The close that an answer carries.
fn farewell(direct: &Direct, carrier: u64) -> Option<Close> {
    let (_, answer) = direct
        .answered
        .iter()
        .find(|(id, _)| *id == CarrierId(carrier))?;
    let mut reader = Reader::new(&answer.body);
    while let Ok(Some(frame)) = Frame::read(&mut reader) {
        if let Frame::Close(close) = frame {
            return Some(close);
        }
    }
    None
}

/// What an answer acknowledges.
fn acknowledged(direct: &Direct, carrier: u64) -> Option<u64> {
    let (_, answer) = direct
        .answered
        .iter()
        .find(|(id, _)| *id == CarrierId(carrier))?;
    let mut reader = Reader::new(&answer.body);
    while let Ok(Some(frame)) = Frame::read(&mut reader) {
        if let Frame::Ack(ack) = frame {
            return Some(ack.acknowledged);
        }
    }
    None
}
