//! What is sent in one turn travels together, and control never waits behind more than a fragment.

use tidewire_proto::wire::Writer;

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn one_message_is_one_packet_with_little_around_it() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.say("first");
    world.run(secs(1));
    let since = world.now;
    let text = long_text(60);
    world.say(&text);
    world.run(secs(1));
    let up = world.packets(Side::Client, since);
    assert_eq!(up.len(), 1);
    assert!(up[0].bytes.len() <= 60 + 4, "{}", up[0].bytes.len());
}

#[test]
fn a_thousand_messages_of_one_turn_are_at_most_ten_packets() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    let since = world.now;
    let texts = numbers(1_000);
    for text in &texts {
        world.say(&format!("{text:>60}"));
        world.reply(text);
    }
    world.run(secs(1));
    assert_eq!(world.host.heard.len(), 1_000);
    assert_eq!(world.tabs[0].texts(), texts);
    for side in [Side::Client, Side::Server] {
        let packets = world.packets(side, since);
        let with_messages = packets.iter().filter(|packet| packet.has(Kind::Message));
        assert!(with_messages.count() <= 10, "{side:?}");
        let bytes: usize = packets.iter().map(|packet| packet.bytes.len()).sum();
        assert!(bytes <= 1_000 * (60 + 4), "{side:?}: {bytes}");
    }
}

#[test]
fn what_is_sent_while_the_socket_is_busy_travels_together() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.net.write_time = ms(100);
    let since = world.now;
    for text in numbers(50) {
        world.say(&text);
        world.run(ms(1));
    }
    world.run(secs(1));
    assert_eq!(world.host.texts(), numbers(50));
    assert_eq!(world.packets(Side::Client, since).len(), 2);
}

#[test]
fn over_http_they_are_one_request() {
    for transport in [Transport::LongPolling, Transport::Polling] {
        let mut world = World::connected(only(&[transport]), SessionConfig::default());
        world.run(ms(200));
        let before = world.tabs[0].requests.len();
        for text in numbers(400) {
            world.say(&text);
        }
        world.run(ms(100));
        assert_eq!(world.host.texts(), numbers(400), "{transport:?}");
        assert_eq!(world.tabs[0].requests.len(), before + 1, "{transport:?}");
    }
}

#[test]
fn control_waits_for_one_fragment_at_most() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.net.write_time = ms(50);
    world.say(&long_text(1_000_000));
    world.run(ms(300));
    let mut ping = Writer::default();
    ping.ping(7);
    world.server_says(ping.into_packet());
    world.run(ms(11));
    let asked = world.now;
    world.run_until("the message is through", |world| {
        !world.host.heard.is_empty()
    });

    let up = world.packets(Side::Client, Timestamp::ZERO);
    assert!(up.iter().all(|packet| packet.bytes.len() < 33 * 1_024));
    let answer = up.iter().find(|packet| packet.has(Kind::Pong));
    let waited = answer.map(|packet| packet.at.since(asked));
    assert!(waited.is_some_and(|waited| waited <= ms(50)), "{waited:?}");
    assert!(
        world.now.since(asked) > secs(1),
        "in the midst of the message"
    );
}

#[test]
fn a_large_message_does_not_hold_up_an_acknowledgement() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.net.write_time = ms(50);
    world.say(&long_text(1_000_000));
    world.run(ms(300));
    world.reply("1");
    let asked = world.now;
    world.run_until("the server's message is acknowledged", |world| {
        let session = world.host.sessions.values().next();
        session.is_some_and(|session| session.acknowledged() == 1)
    });
    // The packet under way, the one with the message, the one under way here, the one with the answer.
    let way_and_back = ms(50 + 10 + 50 + 50 + 10);
    assert!(world.now.since(asked) <= ms(25) + way_and_back);
}

#[test]
fn no_packet_is_longer_than_a_server_must_take() {
    for (transport, most) in [
        (Transport::WebSocket, 48 * 1_024),
        (Transport::LongPolling, 128 * 1_024),
        (Transport::Polling, 128 * 1_024),
    ] {
        let mut world = World::connected(only(&[transport]), SessionConfig::default());
        world.say(&long_text(500_000));
        world.reply(&long_text(500_000));
        for _ in 0..3_000 {
            world.say("");
            world.reply(&long_text(100));
        }
        world.run(secs(60));
        assert_eq!(world.host.heard.len(), 3_001, "{transport:?}");
        assert_eq!(world.tabs[0].heard.len(), 3_001, "{transport:?}");
        let longest = world.wire.iter().map(|packet| packet.bytes.len()).max();
        assert!(longest < Some(most), "{transport:?}: {longest:?}");
    }
}
