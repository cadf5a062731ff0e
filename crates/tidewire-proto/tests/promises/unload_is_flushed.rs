//! When the page goes away, one last request takes along what the server does not have.

use tidewire_proto::CarrierId;
use tidewire_proto::server::SessionEvent;
use tidewire_proto::wire::HelloMode;

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// All keepalive requests of a page together may have so many bytes.
const KEEPALIVE: usize = 65_536;

fn flush(world: &mut World, leaving: bool) -> Option<Vec<u8>> {
    let now = world.now;
    world.client().flush_for_unload(now, leaving, KEEPALIVE)
}

/// The last request arrives at the server; nobody waits for its answer.
fn arrives(world: &mut World, body: &[u8]) {
    let opening = read_any_opening(body).expect("it is well-formed");
    assert_eq!(opening.hello.mode, HelloMode::Send);
    let now = world.now;
    world
        .session()
        .attach(now, CarrierId((7 << 32) + now.as_millis()), &opening);
    world.settle();
}

#[test]
fn it_takes_the_oldest_messages_that_fit() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.net.write_time = secs(60);
    for _ in 0..20 {
        world.say(&long_text(10_000));
    }
    world.settle();
    let body = flush(&mut world, false).expect("much is unsent");
    assert!(body.len() <= KEEPALIVE, "{}", body.len());
    assert!(body.len() > KEEPALIVE - 12_000, "{}", body.len());
    arrives(&mut world, &body);
    assert_eq!(world.host.heard.len(), 6);
}

#[test]
fn what_was_flushed_is_not_delivered_twice_when_the_page_comes_back() {
    for transport in Transport::ALL {
        let mut world = World::connected(only(&[transport]), SessionConfig::default());
        world.half_open();
        for text in numbers(50) {
            world.say(&text);
        }
        let body = flush(&mut world, false).expect("all of it is unsent");
        arrives(&mut world, &body);
        assert_eq!(world.host.texts(), numbers(50), "{transport:?}");
        assert_eq!(world.client().stats().outbox_messages, 50, "not forgotten");

        world.page(PageEvent::Restored);
        world.run(secs(10));
        world.say("51");
        world.run(secs(10));
        assert_eq!(world.host.texts(), numbers(51), "{transport:?}");
        assert_eq!(world.client().stats().outbox_messages, 0);
        assert_eq!(world.host.created, 1);
    }
}

#[test]
fn a_page_that_leaves_for_good_ends_its_session() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.say("1");
    let body = flush(&mut world, true).expect("there is something to say");
    arrives(&mut world, &body);
    assert_eq!(world.host.texts(), ["1"]);
    assert!(world.host.sessions.is_empty());
    assert!(matches!(
        world.host.events.last(),
        Some(SessionEvent::Ended { .. })
    ));
}

#[test]
fn what_does_not_fit_still_arrives_from_the_socket_that_was_overtaken() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.net.latency = secs(3);
    let texts: Vec<String> = (0..200).map(|_| long_text(1_000)).collect();
    for text in &texts {
        world.say(text);
    }
    // All of it is on its way when the page is left, and the last request arrives first.
    world.run(secs(1));
    let body = flush(&mut world, true).expect("nothing has arrived yet");
    arrives(&mut world, &body);
    let early = world.host.heard.len();
    assert!(early > 0 && early < 200, "{early}");
    world.freeze(secs(10));

    assert_eq!(world.host.texts(), texts, "once and in order");
    assert_eq!(world.host.sessions.len(), 1, "it ends by its own time");
}

#[test]
fn nothing_to_say_is_no_request() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    assert_eq!(flush(&mut world, false), None);
    let now = world.now;
    world.say("1");
    assert_eq!(world.client().flush_for_unload(now, false, 100), None);
}
