//! Frames without a message are limited in rate; those that ride on new messages are bounded by the window instead.

use core::time::Duration;

use tidewire_proto::wire::{Ack, Position};

use super::support::direct::{Direct, frames};
use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn is_refused(direct: &Direct) -> bool {
    direct
        .refusal(1)
        .is_some_and(|close| close.code == CloseCode::RATE)
}

#[test]
fn five_thousand_messages_a_second_may_each_carry_an_acknowledgement() {
    let mut direct = Direct::on_socket(SessionConfig::default());
    for number in 0..15_000 {
        direct.run(Duration::from_micros(200));
        let packet = frames(|writer| {
            writer.ack(Ack::default());
            writer.seek(Position::after(number));
            writer.message(true, b"x");
        });
        direct.says(1, &packet);
        direct.consumed(1);
    }
    assert_eq!(direct.refusal(1), None);
    assert_eq!(direct.texts().len(), 15_000);
}

#[test]
fn ten_thousand_acknowledgements_or_pings_alone_are_too_many() {
    let ack = frames(|writer| writer.ack(Ack::default()));
    let ping = frames(|writer| writer.ping(1));
    for packet in [ack, ping] {
        let mut direct = Direct::on_socket(SessionConfig::default());
        for _ in 0..1_000 {
            direct.says(1, &packet);
        }
        assert!(!is_refused(&direct), "a thousand at once are allowed");
        for _ in 0..9_000 {
            direct.says(1, &packet);
        }
        assert!(is_refused(&direct));
    }
}

#[test]
fn what_rides_on_a_message_that_came_before_is_counted() {
    let mut direct = Direct::on_socket(SessionConfig::default());
    let packet = frames(|writer| {
        writer.ack(Ack::default());
        writer.seek(Position::default());
        writer.message(true, b"again");
    });
    for _ in 0..10_000 {
        direct.says(1, &packet);
    }
    assert!(is_refused(&direct));
    assert_eq!(direct.texts(), ["again"]);
}

#[test]
fn one_message_does_not_hide_thousands_of_frames() {
    let mut direct = Direct::on_socket(SessionConfig::default());
    let packet = frames(|writer| {
        for _ in 0..10_000 {
            writer.ack(Ack::default());
        }
        writer.seek(Position::default());
        writer.message(true, b"x");
    });
    direct.says(1, &packet);
    assert!(is_refused(&direct));
}
