//! A half-open connection is found within twenty seconds on both sides; a page that did not run is not a dead server.

use super::support::*;
use tidewire_proto::server::SessionEvent;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn both_sides_find_a_half_open_socket_within_twenty_seconds() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.run(secs(7));
    world.half_open();
    world.net.handshakes = Handshakes::Refused;
    world.net.http = Http::Fails;
    let since = world.now;
    world.run_until("the client knows", |world| {
        world.heard(|event| {
            matches!(
                event,
                Event::Hiccup {
                    cause: Cause::TimedOut,
                    ..
                }
            )
        })
    });
    assert!(world.now.since(since) <= secs(20));
    world.run_until("the server knows", |world| {
        world.host.events.contains(&SessionEvent::Detached)
    });
    assert!(world.now.since(since) <= secs(20));
}

#[test]
fn a_client_finds_a_dead_long_poll_within_twenty_seconds() {
    let mut world = World::connected(
        only(&[Transport::LongPolling, Transport::Polling]),
        SessionConfig::default(),
    );
    world.run(secs(7));
    world.half_open();
    let since = world.now;
    world.run_until("the client gives the request up", |world| {
        world.tabs[0].undone.iter().any(|at| *at > since)
    });
    assert!(world.now.since(since) <= secs(20));
}

#[test]
fn an_idle_connection_costs_one_small_packet_each_way_in_twelve_seconds() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    let since = world.now;
    world.run(secs(120));
    for side in [Side::Client, Side::Server] {
        let packets = world.packets(side, since);
        assert_eq!(packets.len(), 10, "{side:?}");
        assert!(packets.iter().all(|packet| packet.bytes.len() <= 3));
    }
    assert_eq!(world.tabs[0].connections(), 1);
}

#[test]
fn the_server_sends_the_heartbeats() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.run(secs(120));
    let pings = |side| {
        let packets = world.packets(side, Timestamp::ZERO);
        packets
            .iter()
            .filter(|packet| packet.has(Kind::Ping))
            .count()
    };
    assert_eq!(pings(Side::Client), 0);
    assert_eq!(pings(Side::Server), 10);
}

#[test]
fn a_timer_that_fires_late_is_no_death() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.run(secs(10));
    // The heartbeat of the server comes while the page does not run, and waits.
    world.freeze(ms(8_400));
    world.run(secs(30));
    assert_eq!(world.tabs[0].connections(), 1);
    assert!(!world.heard(|event| matches!(event, Event::Hiccup { .. })));
}

#[test]
fn a_probe_whose_time_passed_while_the_page_did_not_run_is_extended() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.run(secs(1));
    world.page(PageEvent::Visible);
    world.freeze(secs(6));
    world.run(secs(10));
    assert_eq!(world.tabs[0].connections(), 1);
    assert!(!world.heard(|event| matches!(event, Event::Hiccup { .. })));
}

#[test]
fn a_server_with_a_slow_heartbeat_is_not_suspected_early() {
    let mut config = SessionConfig::default();
    config.heartbeat = secs(40);
    let mut world = World::connected(ClientConfig::default(), config);
    let since = world.now;
    world.run(secs(39));
    assert!(world.packets(Side::Client, since).is_empty());
}
