//! On a link too slow for a whole request within its deadline, requests and answers shrink until they pass.

use tidewire_proto::wire::{Hello, HelloMode, Position};

use super::support::direct::{Direct, hello};
use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Bytes per second: 64 KiB take a minute, and a request that is not held has eight seconds.
const RATE: u64 = 1_024;

const WHOLE: usize = 60 * 1_024;
/// What eight seconds carry.
const PASSES: usize = 8 * 1_024;

/// What goes around the messages of a body.
const AROUND: usize = 256;

/// A hundred thousand bytes.
fn backlog() -> Vec<String> {
    let texts = numbers(100).into_iter();
    texts.map(|number| format!("{number:>1000}")).collect()
}

/// The lengths of what one side sent over HTTP with messages in it.
fn lengths(world: &World, from: Side, since: Timestamp) -> Vec<usize> {
    let packets = world.packets(from, since).into_iter();
    packets
        .filter(|packet| packet.has(Kind::Seek))
        .map(|packet| packet.bytes.len())
        .collect()
}

#[test]
fn requests_shrink_until_they_pass_and_grow_again() {
    for transport in [Transport::LongPolling, Transport::Polling] {
        let mut world = World::connected(only(&[transport]), SessionConfig::default());
        world.net.http_rate = Some(RATE);
        let since = world.now;
        let texts = backlog();
        for text in &texts {
            world.say(text);
        }
        world.run_until("the backlog is through", |world| {
            world.host.heard.len() == texts.len()
        });
        assert_eq!(world.host.texts(), texts, "{transport:?}");
        let slow = lengths(&world, Side::Client, since);
        assert!(slow[0] > WHOLE, "{transport:?}: {slow:?}");
        let least = slow.iter().min().copied();
        assert!(least <= Some(PASSES), "{transport:?}: {slow:?}");
        let in_vain = slow.iter().filter(|length| **length > 16 * 1_024).count();
        assert!(in_vain <= 3, "it learns: {transport:?}: {slow:?}");
        assert_eq!(world.tabs[0].connections(), 1, "{transport:?}");

        world.net.http_rate = None;
        let since = world.now;
        for _ in 0..5 {
            for text in &texts {
                world.say(text);
            }
        }
        world.run_until("all is through", |world| {
            world.host.heard.len() == 6 * texts.len()
        });
        let fast = lengths(&world, Side::Client, since);
        assert!(
            fast.iter().any(|length| *length > WHOLE),
            "{transport:?}: {fast:?}"
        );
    }
}

#[test]
fn answers_shrink_until_they_pass() {
    for transport in [Transport::LongPolling, Transport::Polling] {
        let mut world = World::connected(only(&[transport]), SessionConfig::default());
        world.run(secs(1));
        world.net.http_rate = Some(RATE);
        let since = world.now;
        let texts = backlog();
        for text in &texts {
            world.reply(text);
        }
        world.run_until("the backlog is through", |world| {
            world.tabs[0].heard.len() == texts.len()
        });
        assert_eq!(world.tabs[0].texts(), texts, "{transport:?}");
        let slow = lengths(&world, Side::Server, since);
        assert!(slow[0] > WHOLE, "{transport:?}: {slow:?}");
        assert!(!world.heard(|event| matches!(event, Event::Lost { .. })));
    }
}

#[test]
fn a_poll_whose_predecessor_was_lost_gets_a_smaller_answer() {
    let mut direct = Direct::new(SessionConfig::default());
    direct.attach(1, &hello(HelloMode::Poll, 1, 1), |_| {});
    for text in backlog() {
        direct.reply(&text);
    }
    let mut lengths = Vec::new();
    for exchange in 2..=6 {
        direct.attach(exchange, &poll(exchange, 0), |_| {});
        lengths.push(answered(&direct));
    }
    assert!(lengths[0] > WHOLE, "{lengths:?}");
    for (length, room) in lengths[1..].iter().zip([16, 4, 2, 2]) {
        let expected = room * 900..room * 1_024 + AROUND;
        assert!(expected.contains(length), "{lengths:?}");
    }

    // From here on each answer arrives.
    let mut received = 0;
    let mut grown = Vec::new();
    for exchange in 7..=10 {
        received += answered(&direct) as u64 / 1_000 + 1;
        direct.attach(exchange, &poll(exchange, received), |_| {});
        grown.push(answered(&direct));
    }
    for (length, room) in grown.iter().zip([4, 8, 16, 32]) {
        assert!(*length > room * 900, "{grown:?}");
    }
}

fn poll(exchange: u64, received: u64) -> Hello {
    let mut hello = hello(HelloMode::Poll, 1, exchange);
    hello.resume = true;
    hello.welcomed = true;
    hello.ack.received = Position::after(received);
    hello
}

/// The length of the last answer.
fn answered(direct: &Direct) -> usize {
    let last = direct.answered.last();
    last.map_or(0, |(_, answer)| answer.body.len())
}
