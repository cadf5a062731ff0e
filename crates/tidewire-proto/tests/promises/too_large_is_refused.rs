//! A message that the peer does not take is refused before it travels.

use tidewire_proto::Limits;

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn takes_little() -> SessionConfig {
    let mut config = SessionConfig::default();
    config.limits = Limits::default().max_message(66_000);
    config
}

#[test]
fn before_the_welcome_the_clients_own_limit_counts() {
    let mut world = World::new();
    assert_eq!(refusal(&mut world, 1024 * 1024 + 1), Some(1024 * 1024));
    assert_eq!(refusal(&mut world, 1024 * 1024), None);
}

#[test]
fn after_the_welcome_the_servers_limit_counts() {
    let mut world = World::connected(ClientConfig::default(), takes_little());
    assert_eq!(world.client().max_message(), 66_000);
    assert_eq!(refusal(&mut world, 66_001), Some(66_000));
    assert_eq!(refusal(&mut world, 66_000), None);
}

#[test]
fn what_waits_and_turns_out_too_long_is_dropped_and_the_rest_goes_on() {
    let mut config = ClientConfig::default();
    config.limits = Limits::default();
    let mut world = World::with(config, takes_little());
    world.say("1");
    // Longer than the initial window: it cannot travel before the server has said what it takes.
    let long = world.say(&long_text(70_000));
    world.say("2");
    world.connect();
    world.run(secs(1));

    assert!(world.heard(
        |event| matches!(event, Event::Dropped { id, payload } if *id == long && payload.len() == 70_000)
    ));
    assert_eq!(world.host.texts(), ["1", "2"]);
}

#[test]
fn a_server_refuses_what_its_client_does_not_take() {
    let mut config = ClientConfig::default();
    config.limits = Limits::default().max_message(1_000);
    let mut world = World::connected(config, SessionConfig::default());
    let now = world.now;
    let error = world
        .session()
        .send(now, Payload::Binary(vec![0; 1_001]))
        .expect_err("the client told its limit in the hello");
    assert_eq!(error.kind, SendErrorKind::TooLarge { limit: 1_000 });
    assert_eq!(error.payload.len(), 1_001);
}

/// The limit that a refusal names.
fn refusal(world: &mut World, bytes: usize) -> Option<u64> {
    let now = world.now;
    let payload = Payload::Binary(vec![0; bytes]);
    let sent = world.client().send(now, payload, OverflowPolicy::Refuse);
    match sent.err()?.kind {
        SendErrorKind::TooLarge { limit } => Some(limit),
        other => panic!("refused for another reason: {other:?}"),
    }
}
