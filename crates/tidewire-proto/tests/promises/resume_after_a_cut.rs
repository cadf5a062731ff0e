//! A session goes on after its connection is cut: nothing is lost, repeated or out of order.

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn messages_that_were_under_way_both_ways_arrive_once_and_in_order() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    for round in 0..20 {
        for number in 0..5 {
            world.say(&format!("up {round} {number}"));
            world.reply(&format!("down {round} {number}"));
            world.run(ms(3));
        }
        world.cut();
    }
    world.run(secs(60));

    let expected = |way: &str| -> Vec<String> {
        (0..100)
            .map(|index| format!("{way} {} {}", index / 5, index % 5))
            .collect()
    };
    assert_eq!(world.host.texts(), expected("up"));
    assert_eq!(world.tabs[0].texts(), expected("down"));
    assert_eq!(world.host.created, 1);
    assert!(world.unconfirmed().is_empty());
}

#[test]
fn the_verdict_says_how_much_the_server_had() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.say("1");
    world.say("2");
    world.run(ms(100));
    world.say("3");
    world.run(ms(5));
    world.cut();
    world.run_until("it is connected again", |world| {
        world.tabs[0].connections() == 2
    });

    let verdict = world.tabs[0]
        .events
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::Connected { verdict, .. } => Some(*verdict),
            _ => None,
        });
    assert_eq!(
        verdict,
        Some(Verdict::Resumed { received: 3 }),
        "the hello brought the third"
    );
}

#[test]
fn the_first_flight_of_a_resume_carries_what_is_missing() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.cut();
    world.say("1");
    world.reply("2");
    let since = world.now;
    world.run_until("both sides are caught up", |world| {
        !world.host.heard.is_empty() && !world.tabs[0].heard.is_empty()
    });

    let up = world.packets(Side::Client, since);
    assert_eq!(up[0].kinds(), [Kind::Hello, Kind::Seek, Kind::Message]);
    let down = world.packets(Side::Server, since);
    assert!(down[0].has(Kind::Welcome) && down[0].has(Kind::Message));
    assert_eq!(down[0].at.since(up[0].at), ms(10), "one flight later");
}

#[test]
fn the_first_flight_of_a_new_session_carries_messages() {
    let mut world = World::new();
    world.say("1");
    world.connect();
    world.run_until("the server hears it", |world| !world.host.heard.is_empty());
    assert_eq!(world.now, Timestamp::from_millis(1_000_030));
}

#[test]
fn an_attempt_that_breaks_before_the_welcome_makes_no_second_session() {
    let mut world = World::new();
    world.say("1");
    world.connect();
    world.run_until("the server hears it", |world| !world.host.heard.is_empty());
    world.cut();
    world.run(secs(30));

    assert_eq!(world.host.created, 1);
    assert_eq!(world.host.texts(), ["1"]);
    assert!(world.transport().is_some());
}
