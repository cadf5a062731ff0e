//! Two clients with one session key do not fight.

use tidewire_proto::wire::{Ack, Hello, HelloMode, Writer};
use tidewire_proto::{CarrierId, SessionKey};

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn key_of(world: &World) -> SessionKey {
    let first = world.wire.first().expect("a hello was sent");
    let opening = read_any_opening(&first.bytes).expect("it is well-formed");
    opening.hello.key
}

fn superseded(tab: &Tab) -> usize {
    tab.count(|event| {
        matches!(
            event,
            Event::Closed { cause: Cause::Refused(close), .. } if close.code == CloseCode::SUPERSEDED
        )
    })
}

#[test]
fn a_clone_with_no_higher_number_is_told_once_and_stays_away() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    let key = key_of(&world);
    let clone = world.clone_tab(key);
    let now = world.now;
    world.tabs[clone].client.connect(now);
    world.run(secs(600));

    assert_eq!(superseded(&world.tabs[clone]), 1);
    assert_eq!(world.tabs[clone].handshakes.len(), 1);
    assert_eq!(world.tabs[0].connections(), 1, "the original never noticed");
    world.say("1");
    world.run(secs(1));
    assert_eq!(world.host.texts(), ["1"]);
}

#[test]
fn a_clone_with_a_higher_number_is_told_and_the_original_goes_on() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    let hello = Hello {
        key: key_of(&world),
        mode: HelloMode::Socket,
        resume: false,
        welcomed: false,
        instance: 1,
        session: 0,
        attach: 9,
        exchange: 0,
        ack: Ack::default(),
        max_message: 1 << 20,
        window_bytes: 1 << 20,
        window_messages: 1 << 10,
        token: Vec::new(),
    };
    let mut writer = Writer::default();
    hello.write(&mut writer);
    let packet = writer.into_packet();
    let opening = read_any_opening(&packet).expect("it is well-formed");
    let now = world.now;
    world.session().attach(now, CarrierId(99 << 32), &opening);
    world.run(secs(60));

    assert_eq!(superseded(&world.tabs[0]), 0);
    assert_eq!(world.tabs[0].connections(), 1, "it never noticed");
    world.say("1");
    world.run(secs(1));
    assert_eq!(world.host.texts(), ["1"]);
}

#[test]
fn an_older_carrier_of_the_same_client_is_not_another_client() {
    // Moves up and down the ladder: numbers overtake each other all the time.
    let mut world = World::new();
    world.connect();
    for round in 0..20 {
        world.net.handshakes = if round % 2 == 0 {
            Handshakes::Mute
        } else {
            Handshakes::Open
        };
        world.run(secs(5));
        world.cut();
    }
    world.net.handshakes = Handshakes::Open;
    world.run(secs(60));
    assert_eq!(superseded(&world.tabs[0]), 0);
    assert!(world.transport().is_some());
    assert_eq!(world.host.created, 1);
}
