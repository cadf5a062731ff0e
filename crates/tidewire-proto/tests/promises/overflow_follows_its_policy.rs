//! A full outbox does what the policy says, and says what it did.

use tidewire_proto::Limits;

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A client that is not connected, with a full outbox of four messages.
fn full() -> World {
    let mut config = ClientConfig::default();
    config.limits = Limits::default().outbox(1_000, 4);
    let mut world = World::with(config, SessionConfig::default());
    for text in numbers(4) {
        world.say(&text);
    }
    world
}

#[test]
fn refuse_and_wait_hand_the_message_back_and_tell_when_there_is_room() {
    for policy in [OverflowPolicy::Refuse, OverflowPolicy::Wait] {
        let mut world = full();
        let now = world.now;
        let refused = world.client().send(now, Payload::from("5"), policy);
        let error = refused.expect_err("it is full");
        assert_eq!(error.kind, SendErrorKind::Full);
        assert_eq!(error.payload, Payload::from("5"));

        world.connect();
        world.run(secs(1));
        assert_eq!(world.tabs[0].count(|event| *event == Event::Capacity), 1);
        world.say("5");
        world.run(secs(1));
        assert_eq!(world.host.texts(), numbers(5));
    }
}

#[test]
fn drop_newest_drops_the_one_being_sent() {
    let mut world = full();
    let now = world.now;
    let sent = world
        .client()
        .send(now, Payload::from("5"), OverflowPolicy::DropNewest);
    world.connect();
    world.run(secs(1));

    assert_eq!(dropped(&world), [(sent.expect("it has a name"), "5")]);
    assert_eq!(world.host.texts(), numbers(4));
}

#[test]
fn drop_oldest_makes_room_with_the_oldest() {
    let mut world = full();
    let now = world.now;
    let sent = world
        .client()
        .send(now, Payload::from("5"), OverflowPolicy::DropOldest);
    sent.expect("there is room now");
    world.connect();
    world.run(secs(1));

    let names: Vec<_> = dropped(&world).iter().map(|(_, text)| *text).collect();
    assert_eq!(names, ["1"]);
    assert_eq!(world.host.texts(), ["2", "3", "4", "5"]);
}

#[test]
fn drop_oldest_never_drops_what_was_transmitted() {
    let mut world = full();
    world.host.takes = false;
    world.connect();
    world.run(secs(1));
    let now = world.now;
    let refused = world
        .client()
        .send(now, Payload::from("5"), OverflowPolicy::DropOldest);
    assert_eq!(
        refused.map_err(|error| error.kind),
        Err(SendErrorKind::Full)
    );
    assert!(dropped(&world).is_empty());
}

#[test]
fn drop_oldest_drops_nothing_when_that_would_not_make_enough_room() {
    let mut config = ClientConfig::default();
    config.limits = Limits::default().outbox(1_000, 100);
    let mut world = World::connected(config, SessionConfig::default());
    world.host.takes = false;
    world.say(&long_text(500));
    world.run(secs(1));
    // These three may be dropped, but the one before them is on the other side.
    for text in numbers(3) {
        world.say(&text);
    }
    let now = world.now;
    let refused = world.client().send(
        now,
        Payload::from(long_text(800).as_str()),
        OverflowPolicy::DropOldest,
    );
    assert_eq!(
        refused.map_err(|error| error.kind),
        Err(SendErrorKind::Full)
    );
    world.run(secs(1));
    assert!(dropped(&world).is_empty());
    assert_eq!(world.host.texts()[1..], numbers(3));
}

#[test]
fn the_bound_in_bytes_counts_a_cost_for_each_message() {
    let mut config = ClientConfig::default();
    config.limits = Limits::default().outbox(2 * (100 + Limits::MESSAGE_COST), 1_000);
    let mut world = World::with(config, SessionConfig::default());
    world.say(&long_text(100));
    world.say(&long_text(100));
    let now = world.now;
    let refused = world
        .client()
        .send(now, Payload::from(""), OverflowPolicy::Refuse);
    assert_eq!(
        refused.map_err(|error| error.kind),
        Err(SendErrorKind::Full)
    );
}

#[test]
fn a_full_server_hands_the_message_back_and_tells_when_there_is_room() {
    let mut config = SessionConfig::default();
    config.limits = Limits::default().outbox(1_000, 4);
    let mut world = World::connected(ClientConfig::default(), config);
    for text in numbers(4) {
        world.reply(&text);
    }
    let now = world.now;
    let error = world
        .session()
        .send(now, Payload::from("5"))
        .expect_err("it is full");
    assert_eq!(
        (error.kind, error.payload),
        (SendErrorKind::Full, Payload::from("5"))
    );
    world.run(secs(1));
    use tidewire_proto::server::SessionEvent;
    assert!(world.host.events.contains(&SessionEvent::Capacity));
    world.reply("5");
    world.run(secs(1));
    assert_eq!(world.tabs[0].texts(), numbers(5));
}

fn dropped(world: &World) -> Vec<(tidewire_proto::MessageId, &str)> {
    let events = world.tabs[0].events.iter();
    events
        .filter_map(|event| match event {
            Event::Dropped { id, payload } => Some((*id, payload.as_text()?)),
            _ => None,
        })
        .collect()
}
