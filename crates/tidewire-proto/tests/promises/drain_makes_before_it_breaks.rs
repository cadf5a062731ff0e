//! A server that drains moves its clients without a gap.

use tidewire_proto::CarrierId;
use tidewire_proto::server::SessionEvent;
use tidewire_proto::wire::HelloMode;

use super::support::direct::{Direct, hello};
use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn the_new_socket_carries_the_session_before_the_old_one_goes() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.session().drain(secs(2));
    let texts = numbers(400);
    for text in &texts {
        world.say(text);
        world.reply(text);
        world.run(ms(10));
        assert_eq!(world.transport(), Some(Transport::WebSocket));
    }
    world.run(secs(1));

    assert_eq!(world.tabs[0].handshakes.len(), 2);
    assert!(world.tabs[0].handshakes[1].since(world.tabs[0].handshakes[0]) < secs(3));
    assert_eq!(world.tabs[0].undone.len(), 1, "the old one was closed");
    assert!(!world.heard(|event| matches!(event, Event::Hiccup { .. })));
    assert!(!world.host.events.contains(&SessionEvent::Detached));
    assert_eq!(world.host.texts(), texts);
    assert_eq!(world.tabs[0].texts(), texts);
}

#[test]
fn clients_spread_their_moves_over_the_delay() {
    let mut moves = Vec::new();
    for seed in 0..20 {
        let mut world = World::seeded(ClientConfig::default(), SessionConfig::default(), seed);
        world.connect();
        world.run(secs(1));
        world.session().drain(secs(10));
        let told = world.now;
        world.run(secs(12));
        moves.push(world.tabs[0].handshakes[1].since(told));
    }
    moves.sort_unstable();
    assert!(moves[19] <= secs(10) + ms(20));
    assert!(moves[0] < secs(3) && moves[19] > secs(7), "{moves:?}");
}

#[test]
fn a_move_that_fails_leaves_the_old_socket_in_place() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.net.handshakes = Handshakes::Mute;
    world.session().drain(secs(1));
    world.run(secs(30));
    world.say("1");
    world.run(secs(1));

    assert_eq!(world.transport(), Some(Transport::WebSocket));
    assert_eq!(world.host.texts(), ["1"]);
    assert_eq!(world.tabs[0].connections(), 1);
}

#[test]
fn a_client_that_changes_its_carrier_at_that_moment_is_asked_all_the_same() {
    let order = |kinds: Vec<Kind>| {
        kinds
            .into_iter()
            .filter(|kind| *kind == Kind::Drain)
            .count()
    };
    let mut direct = Direct::new(SessionConfig::default());
    direct.attach(1, &hello(HelloMode::Send, 1, 1), |_| {});
    direct.session.drain(secs(10));
    direct.settle();
    direct.attach(2, &hello(HelloMode::Socket, 2, 0), |_| {});
    let told: usize = direct
        .transmitted
        .iter()
        .map(|(_, packet)| order(kinds(packet)))
        .sum();
    assert_eq!(told, 1, "{:?}", direct.transmitted);

    // Asked again while it is away, it is told when it comes back; and no carrier is told twice.
    direct.session.handle_closed(CarrierId(2));
    direct.session.drain(secs(10));
    direct.attach(3, &hello(HelloMode::Socket, 3, 0), |_| {});
    direct.attach(4, &hello(HelloMode::Socket, 4, 0), |_| {});
    let told: usize = direct
        .transmitted
        .iter()
        .map(|(_, packet)| order(kinds(packet)))
        .sum();
    assert_eq!(told, 2, "{:?}", direct.transmitted);
}
