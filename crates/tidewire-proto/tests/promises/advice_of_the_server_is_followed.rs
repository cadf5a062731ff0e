//! A server that says when to come back is not asked earlier.

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn refused(close: Close) -> World {
    let mut world = World::new();
    world.host.refuses = Some(close);
    world.connect();
    world.run(secs(1));
    world
}

#[test]
fn the_delay_is_a_least_one_and_spread_upwards() {
    for (seed, code) in
        (0..10).flat_map(|seed| [(seed, CloseCode::RATE), (seed, CloseCode::DRAINING)])
    {
        let mut world = World::seeded(ClientConfig::default(), SessionConfig::default(), seed);
        world.host.refuses = Some(Close::new(code, "full: come back later").after(secs(30)));
        world.connect();
        world.run(secs(60));
        let attempts = &world.tabs[0].prepared;
        let waited = attempts[1].0.since(attempts[0].0);
        assert!(waited >= secs(30) && waited < secs(38), "{waited:?}");
    }
}

#[test]
fn no_event_of_the_page_overrides_it() {
    let mut world =
        refused(Close::new(CloseCode::DRAINING, "full: come back later").after(secs(30)));
    for event in [
        PageEvent::Online,
        PageEvent::Visible,
        PageEvent::Resumed,
        PageEvent::Restored,
    ] {
        world.page(event);
        world.run(secs(5));
    }
    assert_eq!(world.tabs[0].prepared.len(), 1);
    assert_eq!(world.tabs[0].handshakes.len(), 1);
    world.run(secs(20));
    assert_eq!(world.tabs[0].prepared.len(), 2);
}

#[test]
fn a_header_of_http_counts_as_well() {
    for status in [429, 503] {
        let mut world = World::new();
        world.net.handshakes = Handshakes::Refused;
        world.net.http = Http::Foreign(status, Some(secs(30)));
        world.connect();
        world.run(secs(29));
        assert_eq!(world.tabs[0].prepared.len(), 1, "{status}");
        world.run(secs(10));
        assert_eq!(world.tabs[0].prepared.len(), 2, "{status}");
    }
}

#[test]
fn no_server_sends_a_client_away_for_more_than_five_minutes() {
    let mut world = refused(Close::new(CloseCode::RATE, "rate: go away").after(secs(86_400)));
    world.run(secs(400));
    assert!(world.tabs[0].prepared.len() > 1);
}

#[test]
fn without_advice_an_event_of_the_page_shortens_the_wait() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Refused;
    world.net.http = Http::Fails;
    world.connect();
    world.run(secs(600));
    world.run_until("it waits for long", |world| {
        matches!(world.tabs[0].client.state(), State::Waiting(until) if until.since(world.now) > secs(5))
    });
    world.run(secs(2));
    let before = world.tabs[0].prepared.len();
    world.page(PageEvent::Online);
    world.run(ms(1));
    assert_eq!(world.tabs[0].prepared.len(), before + 1);
    for _ in 0..20 {
        world.page(PageEvent::Visible);
        world.run(ms(20));
    }
    assert_eq!(
        world.tabs[0].prepared.len(),
        before + 1,
        "but not more than once a second"
    );
}
