//! A large message goes on where it was cut.

use tidewire_proto::wire::{Frame, Reader};

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const LENGTH: usize = 600_000;

#[test]
fn only_the_rest_is_sent_again() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.net.write_time = ms(50);
    let text = long_text(LENGTH);
    world.say(&text);
    world.run_until("half of it has arrived", |world| {
        let session = world.host.sessions.values().next();
        session.is_some_and(|session| session.held_bytes() > LENGTH / 2)
    });
    world.cut();
    let since = world.now;
    world.run_until("all of it has arrived", |world| {
        !world.host.heard.is_empty()
    });

    assert_eq!(world.host.heard, [Payload::from(text)]);
    let resent: usize = world
        .packets(Side::Client, since)
        .iter()
        .map(|packet| packet.bytes.len())
        .sum();
    assert!(
        resent < LENGTH / 2 + 3 * 32 * 1024,
        "{resent} bytes were sent after the cut"
    );
    let up = world.packets(Side::Client, since);
    let offset = place(&up[0].bytes);
    assert!(
        offset.is_some_and(|offset| offset > LENGTH as u64 / 3),
        "the hello goes on at {offset:?}"
    );
}

#[test]
fn a_large_message_of_the_server_goes_on_as_well() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.net.write_time = ms(50);
    let text = long_text(LENGTH);
    world.reply(&text);
    world.run_until("some of it has arrived", |world| {
        world.tabs[0].client.held_bytes() > 0
    });
    world.cut();
    let since = world.now;
    world.run_until("all of it has arrived", |world| {
        !world.tabs[0].heard.is_empty()
    });

    assert_eq!(world.tabs[0].heard, [Payload::from(text)]);
    let down = world.packets(Side::Server, since);
    let offset = down.iter().find_map(|packet| place(&packet.bytes));
    assert!(offset.is_some_and(|offset| offset > 0), "{offset:?}");
}

/// The offset of the first place that a packet names.
fn place(packet: &[u8]) -> Option<u64> {
    let mut reader = Reader::new(packet);
    while let Ok(Some(frame)) = Frame::read(&mut reader) {
        if let Frame::Seek(position) = frame {
            return Some(position.offset);
        }
    }
    None
}
