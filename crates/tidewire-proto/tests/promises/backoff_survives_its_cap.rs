//! Attempts are spread at random, ever less often up to a cap, and a success resets that only when it lasts.

use core::time::Duration;

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn the_delays_stay_random_at_the_cap() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Refused;
    world.net.http = Http::Fails;
    world.connect();
    world.run(secs(3_600));

    let delays = delays(&world);
    for (index, delay) in delays.iter().enumerate() {
        let bound = ms(500 << index.min(10)).min(secs(45));
        assert!(*delay < bound, "{index}: {delay:?}");
    }
    let capped = &delays[10..];
    assert!(capped.len() > 50);
    let mean = capped.iter().sum::<Duration>() / capped.len() as u32;
    assert!(mean > secs(15) && mean < secs(30), "{mean:?}");
    assert!(capped.iter().any(|delay| *delay < secs(9)));
    assert!(capped.iter().any(|delay| *delay > secs(36)));
}

#[test]
fn clients_that_lost_the_server_together_do_not_come_back_together() {
    let mut firsts = Vec::new();
    for seed in 0..50 {
        let mut world = World::seeded(ClientConfig::default(), SessionConfig::default(), seed);
        world.net.handshakes = Handshakes::Refused;
        world.net.http = Http::Fails;
        world.connect();
        world.run(secs(20));
        firsts.push(delays(&world)[3].as_millis());
    }
    firsts.sort_unstable();
    firsts.dedup();
    assert!(firsts.len() > 45, "{firsts:?}");
    assert!(firsts[firsts.len() / 4] > 400 && firsts[firsts.len() * 3 / 4] < 3_600);
}

#[test]
fn a_success_that_does_not_last_resets_nothing() {
    // The bound has doubled eight times: with full jitter some of eight clients draw more than the first bound.
    let longest = (0..8).map(|seed| delay_after_flaps(seed, ms(200))).max();
    assert!(longest > Some(ms(500)), "{longest:?}");
}

#[test]
fn a_success_that_lasts_resets_the_backoff() {
    for seed in 0..8 {
        assert!(delay_after_flaps(seed, secs(11)) < ms(500));
    }
}

#[test]
fn sessions_that_are_forgotten_as_soon_as_they_are_made_slow_the_client_down() {
    let mut delays = Vec::new();
    for seed in 0..8 {
        delays.extend(delays_of_forgotten_sessions(seed, ms(200), 12)[16..].to_vec());
    }
    // The bound is at its cap of 45 s by then, and the mean of what is drawn is half of it.
    let mean = delays.iter().sum::<Duration>() / delays.len() as u32;
    assert!(mean > secs(15), "{mean:?}");
}

#[test]
fn a_session_that_lasted_and_is_forgotten_is_replaced_at_once() {
    for seed in 0..8 {
        let delays = delays_of_forgotten_sessions(seed, secs(30), 4);
        assert!(delays.iter().all(|delay| *delay < ms(500)), "{delays:?}");
    }
}

/// The delays of a client whose server forgets its session again and again, each after so long.
///
/// They come in pairs: after the cut, and after the word that the session is unknown.
fn delays_of_forgotten_sessions(seed: u64, life: Duration, rounds: usize) -> Vec<Duration> {
    let mut world = World::seeded(
        only(&[Transport::WebSocket]),
        SessionConfig::default(),
        seed,
    );
    world.connect();
    for round in 1..=rounds {
        world.run_until("it is connected", |world| {
            world.tabs[0].connections() == round
        });
        world.run(life);
        world.restart_host();
    }
    world.run_until("the last loss is told", |world| {
        world.tabs[0].count(|event| matches!(event, Event::Lost { .. })) == rounds
    });
    let delays = delays(&world);
    assert_eq!(delays.len(), 2 * rounds);
    delays
}

/// The delay after the ninth connection broke, where each had lasted so long.
fn delay_after_flaps(seed: u64, life: Duration) -> Duration {
    let mut world = World::seeded(ClientConfig::default(), SessionConfig::default(), seed);
    world.connect();
    for round in 1..=9 {
        world.run_until("it is connected", |world| {
            world.tabs[0].connections() == round
        });
        world.run(life);
        world.cut();
        if world.transport().is_some() {
            // Over HTTP a broken exchange is asked again once.
            world.net.http = Http::Fails;
            world.run_until("it gives up", |world| world.transport().is_none());
            world.net.http = Http::Works;
        }
    }
    delays(&world).last().copied().expect("it was cut")
}

fn delays(world: &World) -> Vec<Duration> {
    let events = world.tabs[0].events.iter();
    events
        .filter_map(|event| match event {
            Event::Hiccup { retry_in, .. } => Some(*retry_in),
            _ => None,
        })
        .collect()
}
