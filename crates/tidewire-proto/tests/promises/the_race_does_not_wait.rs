//! A working transport is found without waiting for one that does not work.

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn first_connection(handshakes: Handshakes) -> (World, core::time::Duration) {
    let mut world = World::new();
    world.net.handshakes = handshakes;
    world.connect();
    let took = world.run_until("the session is carried", |world| {
        world.tabs[0].connections() == 1
    });
    (world, took)
}

#[test]
fn a_websocket_that_works_needs_no_http() {
    let (mut world, took) = first_connection(Handshakes::Open);
    assert_eq!(took, ms(20 + 20), "the handshake and one round trip");
    assert_eq!(world.transport(), Some(Transport::WebSocket));
    world.run(secs(5));
    assert!(world.tabs[0].requests.is_empty());
}

#[test]
fn a_refused_handshake_starts_http_at_once() {
    let (world, took) = first_connection(Handshakes::Refused);
    assert_eq!(took, ms(20 + 20), "the refusal and one round trip");
    assert_eq!(world.transport(), Some(Transport::LongPolling));
}

#[test]
fn a_black_holed_handshake_costs_a_quarter_of_a_second() {
    let (world, took) = first_connection(Handshakes::Mute);
    assert_eq!(took, ms(250 + 20));
    assert_eq!(world.transport(), Some(Transport::LongPolling));
}

#[test]
fn a_handshake_that_opens_onto_nothing_costs_no_more() {
    let (world, took) = first_connection(Handshakes::OpenOntoNothing);
    assert_eq!(took, ms(250 + 20));
    assert_eq!(world.transport(), Some(Transport::LongPolling));
}

#[test]
fn what_worked_last_time_is_tried_without_a_delay() {
    let mut config = ClientConfig::default();
    config.remembered = Some(Transport::LongPolling);
    let mut world = World::with(config, SessionConfig::default());
    world.net.handshakes = Handshakes::Mute;
    world.connect();
    let took = world.run_until("the session is carried", |world| {
        world.tabs[0].connections() == 1
    });
    assert_eq!(took, ms(20));
    assert_eq!(world.tabs[0].handshakes.len(), 1, "still looking upwards");
}

#[test]
fn a_socket_that_comes_late_takes_over_without_another_handshake() {
    let mut world = World::new();
    world.net.latency = ms(200);
    world.connect();
    world.say("1");
    world.run_until("the socket carries the session", |world| {
        world.transport() == Some(Transport::WebSocket)
    });
    world.say("2");
    world.reply("3");
    world.run(secs(5));

    assert_eq!(
        world.tabs[0].requests.len(),
        2,
        "HTTP carried it for a moment"
    );
    assert_eq!(world.tabs[0].handshakes.len(), 1);
    assert_eq!(world.host.texts(), ["1", "2"]);
    assert_eq!(world.tabs[0].texts(), ["3"]);
    assert_eq!(world.host.created, 1);
}

#[test]
fn a_socket_whose_hello_was_overtaken_says_hello_again_on_the_same_connection() {
    let mut world = World::new();
    world.say("1");
    world.connect();
    world.run(ms(15));
    // The hello leaves at 20 ms and arrives long after the request of 250 ms.
    world.net.latency = ms(400);
    world.run(ms(10));
    world.net.latency = ms(10);
    world.run_until("HTTP carries the session", |world| {
        world.transport() == Some(Transport::LongPolling)
    });
    world.run_until("the socket carries the session", |world| {
        world.transport() == Some(Transport::WebSocket)
    });
    world.say("2");
    world.run(secs(1));

    assert_eq!(world.tabs[0].handshakes.len(), 1);
    let stale = world.wire.iter().filter(|packet| packet.has(Kind::Stale));
    assert_eq!(stale.count(), 1);
    assert!(world.heard(|event| *event
        == Event::TransportChanged {
            from: Transport::LongPolling,
            to: Transport::WebSocket
        }));
    assert_eq!(world.host.texts(), ["1", "2"]);
}

#[test]
fn a_socket_that_is_told_that_it_lost_after_its_welcome_was_sent_asks_again() {
    // HTTP wins in between.
    let mut world = with_a_slow_welcome();
    world.run(secs(5));
    carried_by_the_first_socket(&mut world);
}

#[test]
fn a_socket_whose_welcome_is_slow_stays_when_the_request_that_overtook_it_is_lost() {
    // HTTP joins with a higher number, and its request never gets through.
    let mut world = with_a_slow_welcome();
    world.net.http = Http::Fails;
    world.run(secs(5));
    carried_by_the_first_socket(&mut world);
}

/// The welcome of the first socket is under way, and slow; what follows it is fast again.
fn with_a_slow_welcome() -> World {
    let mut world = World::new();
    world.connect();
    world.run(ms(25));
    world.net.latency = ms(400);
    world.run(ms(10));
    world.net.latency = ms(10);
    world
}

fn carried_by_the_first_socket(world: &mut World) {
    assert_eq!(world.transport(), Some(Transport::WebSocket));
    assert_eq!(world.tabs[0].handshakes.len(), 1);
    world.say("1");
    world.reply("2");
    world.run(secs(1));
    assert_eq!(world.host.texts(), ["1"]);
    assert_eq!(world.tabs[0].texts(), ["2"]);
}

#[test]
fn there_is_never_more_than_one_handshake_at_a_time() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Mute;
    world.net.http = Http::Fails;
    world.connect();
    world.run(secs(600));

    let tab = &world.tabs[0];
    assert!(tab.handshakes.len() > 10);
    for pair in tab.handshakes.windows(2) {
        let given_up = tab.undone.iter().any(|at| (pair[0]..=pair[1]).contains(at));
        assert!(given_up, "two at once, at {:?}", pair[1]);
    }
}
