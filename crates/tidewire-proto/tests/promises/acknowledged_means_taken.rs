//! A message is acknowledged when the other application has it, not when it has arrived.

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_message_that_waits_for_the_application_is_not_acknowledged() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.host.takes = false;
    let id = world.say("1");
    world.run(secs(10));
    assert_eq!(world.host.texts(), ["1"], "it has arrived");
    assert!(!world.heard(|event| matches!(event, Event::Acknowledged(_))));

    let now = world.now;
    world.session().consumed(now, 1);
    let took = world.run_until("it is acknowledged", |world| {
        world.heard(|event| *event == Event::Acknowledged(id))
    });
    assert_eq!(
        took,
        ms(25 + 10),
        "the delay of an acknowledgement, and the way"
    );
}

#[test]
fn a_message_is_said_to_have_left_before_it_is_acknowledged_and_once() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.host.takes = false;
    let (first, last) = (world.say("1"), world.say("2"));
    world.run(secs(1));
    assert!(world.heard(|event| *event == Event::Sent(last)));
    assert!(
        !world.heard(|event| *event == Event::Sent(first)),
        "one word for both"
    );
    world.cut();
    world.run(secs(10));
    let said = world.tabs[0].events.iter();
    assert_eq!(
        said.filter(|event| matches!(event, Event::Sent(_))).count(),
        1
    );
}

#[test]
fn the_server_is_told_the_same() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.tab().takes = false;
    world.reply("1");
    world.run(secs(10));
    assert_eq!(world.tabs[0].texts(), ["1"], "it has arrived");
    assert_eq!(world.session().acknowledged(), 0);

    let now = world.now;
    world.tab().take(now, 1);
    world.run(ms(40));
    assert_eq!(world.session().acknowledged(), 1);
}

#[test]
fn what_has_arrived_and_was_not_taken_is_not_sent_again() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.host.takes = false;
    let id = world.say("1");
    world.run(secs(1));
    world.cut();
    let since = world.now;
    world.run(secs(10));
    assert!(world.tabs[0].connections() > 1);
    let up = world.packets(Side::Client, since);
    assert!(up.iter().all(|packet| !packet.has(Kind::Message)));

    let now = world.now;
    world.session().consumed(now, 1);
    world.run(ms(50));
    assert!(world.heard(|event| *event == Event::Acknowledged(id)));
}

#[test]
fn one_acknowledgement_covers_all_before_it() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    let last = numbers(50).iter().map(|text| world.say(text)).last();
    world.run(secs(1));

    let told: Vec<_> = world.tabs[0]
        .events
        .iter()
        .filter(|event| matches!(event, Event::Acknowledged(_)))
        .collect();
    assert_eq!(
        told,
        [&Event::Acknowledged(last.expect("there were fifty"))]
    );
    assert_eq!(world.client().stats().outbox_messages, 0);
}

#[test]
fn an_acknowledgement_that_was_lost_with_its_carrier_is_told_again() {
    let mut world = World::new();
    world.connect();
    world.run(ms(15));
    // The socket's hello takes a second; HTTP carries the session meanwhile.
    world.net.latency = ms(1_000);
    world.run(ms(10));
    world.net.latency = ms(10);
    world.run(ms(1_000));
    assert_eq!(world.transport(), Some(Transport::LongPolling));
    // It was stale, and says hello again: half a second, in which HTTP brings a message.
    world.net.latency = ms(500);
    world.run(ms(10));
    world.net.latency = ms(10);
    world.reply("1");
    world.run(ms(5));
    // The request that acknowledges it is still on its way when the socket takes over.
    world.net.latency = ms(3_000);
    world.run(ms(10));
    world.net.latency = ms(10);
    assert_eq!(world.tabs[0].texts(), ["1"]);
    world.run(secs(1));

    assert_eq!(world.transport(), Some(Transport::WebSocket));
    assert_eq!(world.session().acknowledged(), 1);
}

#[test]
fn on_long_polling_the_acknowledgement_rides_on_the_next_poll() {
    let polling = only(&[Transport::LongPolling]);
    let mut world = World::connected(polling, SessionConfig::default());
    world.run(secs(1));
    world.tab().takes = false;
    let since = world.now;
    world.reply("1");
    world.run(ms(30));
    assert_eq!(world.tabs[0].texts(), ["1"], "it has arrived");
    let now = world.now;
    world.tab().take(now, 1);
    world.run(secs(1));
    assert_eq!(world.session().acknowledged(), 1);
    assert_eq!(world.packets(Side::Client, since).len(), 1, "one request");

    let since = world.now;
    world.reply("2");
    world.run(secs(1));
    let polls = world.packets(Side::Client, since);
    assert!(
        !polls.is_empty(),
        "an application that takes nothing stops no poll"
    );
}
