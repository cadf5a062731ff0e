//! After an event that wakes the page, a dead connection is found within three seconds.

use tidewire_proto::wire::Writer;

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_half_open_socket_is_found_dead_two_and_a_half_seconds_after_a_wake_up() {
    for event in [PageEvent::Online, PageEvent::Visible, PageEvent::Resumed] {
        let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
        world.half_open();
        world.page(event);
        let took = world.run_until("the client knows", |world| {
            world.heard(|event| matches!(event, Event::Hiccup { .. }))
        });
        assert_eq!(took, secs(2), "{event:?}");
        world.run_until("it is connected again", |world| world.transport().is_some());
        assert!(took < secs(3));
    }
}

#[test]
fn a_packet_that_was_on_its_way_before_the_wake_up_proves_nothing() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.half_open();
    let woken = world.now;
    world.page(PageEvent::Visible);
    world.run(ms(300));
    let mut late = Writer::default();
    late.ping(1);
    world.server_had_said(late.into_packet());
    world.run_until("the client knows", |world| {
        world.heard(|event| matches!(event, Event::Hiccup { .. }))
    });
    let took = world.now.since(woken);
    assert!(took < secs(3), "{took:?}");
}

#[test]
fn a_half_open_long_poll_is_found_as_soon() {
    let mut world = World::connected(
        only(&[Transport::LongPolling, Transport::Polling]),
        SessionConfig::default(),
    );
    world.run(secs(5));
    world.half_open();
    // The probe is a request of its own, and it dies as well.
    world.page(PageEvent::Online);
    world.half_open();
    let took = world.run_until("the client knows", |world| {
        world.heard(|event| matches!(event, Event::Hiccup { .. }))
    });
    assert_eq!(took, secs(2));
}

#[test]
fn a_held_poll_that_is_half_open_alone_does_not_keep_messages_back() {
    let mut world = World::connected(only(&[Transport::LongPolling]), SessionConfig::default());
    world.run(secs(5));
    // New connections work, so the probe is answered.
    world.half_open();
    world.reply("1");
    world.page(PageEvent::Online);
    let took = world.run_until("the message arrives", |world| {
        world.heard(|event| matches!(event, Event::Message { .. }))
    });
    assert!(took < secs(3), "{took:?}");
    assert!(!world.heard(|event| matches!(event, Event::Hiccup { .. })));
}

#[test]
fn a_living_connection_answers_and_stays() {
    for transports in [&[Transport::WebSocket][..], &[Transport::LongPolling]] {
        let mut world = World::connected(only(transports), SessionConfig::default());
        world.run(secs(5));
        for event in [PageEvent::Visible, PageEvent::Online, PageEvent::Offline] {
            world.page(event);
            world.run(secs(4));
        }
        assert_eq!(world.tabs[0].connections(), 1);
        assert!(!world.heard(|event| matches!(event, Event::Hiccup { .. })));
    }
}

#[test]
fn a_page_from_the_back_forward_cache_trusts_no_old_socket() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.say("1");
    world.run(secs(1));
    world.half_open();
    world.page(PageEvent::Restored);
    let took = world.run_until("it is connected again", |world| {
        world.tabs[0].connections() == 2
    });
    assert_eq!(took, ms(40), "at once");
    world.say("2");
    world.run(secs(1));
    assert_eq!(world.host.texts(), ["1", "2"]);
}
