//! A hidden page is woken by its timers at most once a second, and its session goes on.

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn timers_fire_at_least_a_second_apart() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.page(PageEvent::Hidden);
    let since = world.now;
    for round in 0..60 {
        world.reply("1");
        world.run(ms(1_700));
        if round == 30 {
            world.cut();
        }
    }
    let fired: Vec<_> = world.tabs[0]
        .fired
        .iter()
        .filter(|at| **at > since)
        .collect();
    assert!(fired.len() > 50, "{}", fired.len());
    for pair in fired.windows(2) {
        assert!(pair[1].since(*pair[0]) >= secs(1), "{pair:?}");
    }
    assert_eq!(world.tabs[0].heard.len(), 60);
}

#[test]
fn a_busy_session_does_not_put_its_timers_off_for_ever() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Mute;
    world.connect();
    world.page(PageEvent::Hidden);
    world.run(secs(3));
    assert_eq!(world.transport(), Some(Transport::LongPolling));
    // Something happens five times a second, and the handshake of the start is still due to be given up.
    for _ in 0..100 {
        world.reply("1");
        world.run(ms(200));
    }
    let began = world.tabs[0].handshakes[0];
    let given_up = world.tabs[0].undone.first().map(|at| at.since(began));
    assert!(
        given_up.is_some_and(|waited| waited <= secs(12)),
        "{given_up:?}"
    );
}

#[test]
fn a_half_open_connection_is_still_found() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.page(PageEvent::Hidden);
    world.run(secs(5));
    world.half_open();
    let since = world.now;
    world.run_until("the client knows", |world| {
        world.heard(|event| matches!(event, Event::Hiccup { .. }))
    });
    assert!(world.now.since(since) <= secs(22));
}

#[test]
fn timers_that_run_once_a_minute_are_no_reason_to_look() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.page(PageEvent::Hidden);
    world.tab().throttle = Some(secs(60));
    let since = world.now;
    // What the server says shows all along that it is there; the acknowledgements wait for the timer.
    for _ in 0..100 {
        world.reply("1");
        world.run(secs(6));
    }
    let pings = world
        .packets(Side::Client, since)
        .iter()
        .filter(|packet| packet.has(Kind::Ping))
        .count();
    assert_eq!(pings, 0);
    assert!(world.tabs[0].fired.iter().filter(|at| **at > since).count() >= 5);
    assert_eq!(world.tabs[0].connections(), 1);
}

#[test]
fn a_page_that_slept_looks_although_it_is_hidden() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.page(PageEvent::Hidden);
    world.run(secs(1));
    world.half_open();
    world.freeze(secs(100));
    let since = world.now;
    world.run_until("the client knows", |world| {
        world.heard(|event| matches!(event, Event::Hiccup { .. }))
    });
    assert!(
        world.now.since(since) <= secs(4),
        "{:?}",
        world.now.since(since)
    );
}
