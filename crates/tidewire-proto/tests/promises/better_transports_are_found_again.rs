//! On a lower rung the better ones are looked for, without harm; one that flaps is distrusted.

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn the_session_moves_up_to_websocket_and_no_message_is_lost_repeated_or_reordered() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Refused;
    world.connect();
    world.run(secs(2));
    assert_eq!(world.transport(), Some(Transport::LongPolling));
    world.net.handshakes = Handshakes::Open;
    let texts = numbers(3_000);
    for text in &texts {
        world.say(text);
        world.reply(text);
        world.run(ms(7));
    }
    world.run(secs(10));

    assert_eq!(world.transport(), Some(Transport::WebSocket));
    assert!(world.heard(|event| *event
        == Event::TransportChanged {
            from: Transport::LongPolling,
            to: Transport::WebSocket
        }));
    assert_eq!(world.host.texts(), texts);
    assert_eq!(world.tabs[0].texts(), texts);
    assert_eq!(world.tabs[0].connections(), 1, "it never was unconnected");
}

#[test]
fn a_probe_that_nobody_answers_is_closed_after_ten_seconds() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Mute;
    world.connect();
    world.run(secs(120));

    let tab = &world.tabs[0];
    assert!(tab.handshakes.len() >= 3, "{:?}", tab.handshakes);
    for began in &tab.handshakes {
        if world.now.since(*began) > secs(10) {
            assert!(tab.undone.contains(&(*began + secs(10))), "{began:?}");
        }
    }
    assert_eq!(tab.connections(), 1, "the session did not suffer");
}

#[test]
fn probes_come_less_and_less_often_but_do_not_end() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Refused;
    world.connect();
    world.run(secs(3_600));

    let handshakes = &world.tabs[0].handshakes;
    let last_gap = handshakes
        .windows(2)
        .map(|pair| pair[1].since(pair[0]))
        .next_back();
    assert!(last_gap.is_some_and(|gap| gap >= secs(150) && gap <= secs(301)));
    assert!((10..40).contains(&handshakes.len()), "{}", handshakes.len());
}

#[test]
fn a_socket_that_dies_early_twice_is_left_alone_for_half_a_minute() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.cut();
    world.run_until("it is connected again", |world| {
        world.tabs[0].connections() == 2
    });
    world.run(ms(100));
    world.cut();
    let since = world.now;
    world.run(secs(29));

    assert_eq!(world.transport(), Some(Transport::LongPolling));
    assert!(world.tabs[0].handshakes.iter().all(|at| *at < since));
    world.run_until("it is trusted again", |world| {
        world.transport() == Some(Transport::WebSocket)
    });
    assert!(world.now.since(since) < secs(60));
}

#[test]
fn another_network_is_another_chance_at_once() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Refused;
    world.connect();
    world.run(secs(600));
    world.net.handshakes = Handshakes::Open;
    let before = world.now;
    world.page(PageEvent::Online);
    world.run_until("it moves up", |world| {
        world.transport() == Some(Transport::WebSocket)
    });
    assert!(world.now.since(before) < ms(100));
}
