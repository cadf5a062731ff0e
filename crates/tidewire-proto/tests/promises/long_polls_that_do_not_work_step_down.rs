//! Where a proxy cuts or buffers held requests, scheduled polling carries the session until holding works again.

use core::time::Duration;

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn over_http() -> World {
    World::connected(
        only(&[Transport::LongPolling, Transport::Polling]),
        SessionConfig::default(),
    )
}

fn on_a_schedule_of(interval: Duration) -> World {
    let mut config = only(&[Transport::Polling]);
    config.polling_floor = interval;
    config.polling_ceiling = interval;
    World::connected(config, SessionConfig::default())
}

fn acknowledged(world: &World) -> u64 {
    let sessions = world.host.sessions.values();
    sessions.map(|session| session.acknowledged()).sum()
}

fn talk(world: &mut World, from: usize, to: usize) {
    for number in from..to {
        world.say(&number.to_string());
        world.reply(&number.to_string());
        world.run(ms(500));
    }
}

fn stepped(world: &World, from: Transport, to: Transport) -> usize {
    world.tabs[0].count(|event| *event == Event::TransportChanged { from, to })
}

#[test]
fn polls_that_are_cut_step_down_and_later_up_again() {
    let mut world = over_http();
    assert_eq!(world.transport(), Some(Transport::LongPolling));
    world.net.http = Http::CutsAfter(secs(1));
    world.run(secs(20));
    assert_eq!(world.transport(), Some(Transport::Polling));
    talk(&mut world, 0, 20);
    world.net.http = Http::Works;
    world.run_until("it holds again", |world| {
        world.transport() == Some(Transport::LongPolling)
    });
    talk(&mut world, 20, 40);
    world.run(secs(10));

    let texts: Vec<_> = (0..40).map(|number| number.to_string()).collect();
    assert_eq!(world.host.texts(), texts);
    assert_eq!(world.tabs[0].texts(), texts);
    assert_eq!(
        stepped(&world, Transport::LongPolling, Transport::Polling),
        1
    );
    assert_eq!(
        stepped(&world, Transport::Polling, Transport::LongPolling),
        1
    );
    assert_eq!(world.tabs[0].connections(), 1);
}

#[test]
fn one_cut_hold_does_not_shorten_them_for_good() {
    let mut world = over_http();
    world.net.http = Http::CutsAfter(secs(4));
    // The hold under way ends well, and the next one does not.
    world.run(secs(17));
    world.net.http = Http::Works;
    let since = world.now;
    world.run(secs(120));

    assert_eq!(world.transport(), Some(Transport::LongPolling));
    let requests = world.tabs[0].requests.iter();
    let holds: Vec<_> = requests
        .filter(|(at, held)| *held && *at > since)
        .map(|(at, _)| at.as_millis())
        .collect();
    let lengths: Vec<_> = holds.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Each with a round trip of 20 ms on top.
    assert_eq!(lengths[0], 3_020, "three quarters of what passed");
    assert_eq!(lengths.last(), Some(&12_020), "{lengths:?}");
    assert!(lengths.is_sorted(), "{lengths:?}");
    assert!(
        lengths.iter().filter(|length| **length < 12_000).count() <= 10,
        "five of each length are enough: {lengths:?}"
    );
}

#[test]
fn answers_that_are_kept_back_step_down() {
    let mut world = over_http();
    world.net.http = Http::BuffersHolds(secs(6));
    talk(&mut world, 0, 80);
    world.run(secs(10));

    assert_eq!(world.transport(), Some(Transport::Polling));
    let texts: Vec<_> = (0..80).map(|number| number.to_string()).collect();
    assert_eq!(world.host.texts(), texts);
    assert_eq!(world.tabs[0].texts(), texts);
}

#[test]
fn a_tab_without_permission_polls_on_a_schedule() {
    let mut world = over_http();
    let now = world.now;
    assert!(world.client().wants_hold());
    world.client().handle_hold_permit(now, false);
    world.run(secs(15));
    assert_eq!(world.transport(), Some(Transport::Polling));
    let since = world.now;
    world.reply("1");
    world.run(secs(30));
    assert_eq!(world.tabs[0].texts(), ["1"]);
    let held = |world: &World| {
        let requests = &world.tabs[0].requests;
        requests
            .iter()
            .filter(|(at, held)| *held && *at > since)
            .count()
    };
    assert_eq!(held(&world), 0);

    let now = world.now;
    world.client().handle_hold_permit(now, true);
    world.run(secs(30));
    assert_eq!(world.transport(), Some(Transport::LongPolling));
    assert!(held(&world) > 0);
}

#[test]
fn a_poll_that_is_held_when_the_permission_goes_holds_nothing_up() {
    let mut world = over_http();
    world.run(secs(5));
    let now = world.now;
    world.client().handle_hold_permit(now, false);
    world.say("1");
    let took = world.run_until("the message arrives", |world| world.host.texts() == ["1"]);
    assert!(took < secs(1), "{took:?}");
    world.run(ms(200));
    assert_eq!(world.open_links(), 0, "its connection is free");
}

#[test]
fn the_schedule_follows_the_traffic_between_floor_and_ceiling() {
    let mut world = World::connected(only(&[Transport::Polling]), SessionConfig::default());
    world.run(secs(60));
    let since = world.now;
    world.run(secs(60));
    let idle = world.packets(Side::Client, since).len();
    assert!((11..=13).contains(&idle), "one in five seconds: {idle}");

    let since = world.now;
    for number in numbers(60) {
        world.reply(&number);
        world.run(ms(500));
    }
    let busy = world.packets(Side::Client, since).len();
    // The first of them was up to five seconds away.
    assert!((48..=58).contains(&busy), "one in half a second: {busy}");
    assert_eq!(world.tabs[0].texts(), numbers(60));
}

#[test]
fn on_a_schedule_an_acknowledgement_rides_on_the_next_poll() {
    let mut world = on_a_schedule_of(secs(1));
    world.run(secs(6));
    let since = world.now;
    for number in numbers(60) {
        world.reply(&number);
        world.run(ms(500));
    }
    world.run(secs(2));
    let polls = world.packets(Side::Client, since).len();
    assert!((30..=32).contains(&polls), "one in a second: {polls}");
    assert_eq!(world.tabs[0].texts(), numbers(60));
    assert_eq!(acknowledged(&world), 60);
}

#[test]
fn on_a_long_schedule_it_does_not_wait_for_that() {
    let mut world = on_a_schedule_of(secs(10));
    world.run(secs(15));
    world.reply("1");
    world.run_until("the message is here", |world| {
        !world.tabs[0].texts().is_empty()
    });
    let took = world.run_until("it is acknowledged", |world| acknowledged(world) == 1);
    assert!(took <= ms(1_000 + 20), "{took:?}");
}

#[test]
fn on_a_schedule_what_has_more_behind_it_is_asked_for_soon() {
    // Answers of 64 kB, the first of which waits for the next poll.
    for (texts, answers) in [
        (vec![long_text(1_000_000)], 16),
        (vec![long_text(400); 500], 4),
    ] {
        let mut world = on_a_schedule_of(secs(5));
        world.run(secs(6));
        for text in &texts {
            world.reply(text);
        }
        let took = world.run_until("all of it is here", |world| {
            world.tabs[0].texts().len() == texts.len()
        });
        assert!(took < secs(5) + ms(300) * answers, "{took:?}");
    }
}

#[test]
fn on_a_schedule_the_rest_of_a_message_is_asked_for_soon_on_slow_links_too() {
    let mut world = on_a_schedule_of(secs(5));
    world.run(secs(6));
    world.reply(&long_text(100_000));
    world.net.http = Http::LosesAnswers;
    let before = world.tabs[0].requests.len();
    world.run_until("the next poll", |world| {
        world.tabs[0].requests.len() > before
    });
    world.run(ms(15));
    world.net.http = Http::Works;
    // Answers of 16, 32 and 52 kB, since the first one did not get through.
    let took = world.run_until("the message is here", |world| {
        !world.tabs[0].texts().is_empty()
    });
    assert!(took < ms(300) * 3, "{took:?}");
}

#[test]
fn a_long_poll_is_a_heartbeat() {
    let mut world = over_http();
    world.run(secs(10));
    let since = world.now;
    world.run(secs(120));
    let requests = world.packets(Side::Client, since).len();
    assert_eq!(requests, 10, "one in twelve seconds");
    assert_eq!(world.tabs[0].connections(), 1);
}
