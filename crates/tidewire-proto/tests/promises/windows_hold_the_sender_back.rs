//! A sender stays within what its peer takes, and goes on when the application has taken it.

use tidewire_proto::Limits;

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn small_windows() -> SessionConfig {
    let mut config = SessionConfig::default();
    config.limits = Limits::default().window(64 * 1024, 256);
    config
}

#[test]
fn no_more_messages_than_the_window_are_under_way() {
    let mut world = World::connected(ClientConfig::default(), small_windows());
    world.host.takes = false;
    for text in numbers(600) {
        world.say(&text);
    }
    world.run(secs(5));
    assert_eq!(world.host.heard.len(), 256);

    let now = world.now;
    world.session().consumed(now, 100);
    world.run(secs(1));
    assert_eq!(world.host.heard.len(), 356);

    world.host.takes = true;
    let now = world.now;
    world.session().consumed(now, 256);
    world.run(secs(5));
    assert_eq!(world.host.texts(), numbers(600));
}

#[test]
fn no_more_bytes_than_the_window_are_under_way() {
    let mut world = World::connected(ClientConfig::default(), small_windows());
    world.host.takes = false;
    for _ in 0..10 {
        world.say(&long_text(20_000));
    }
    world.run(secs(5));
    assert_eq!(
        world.host.heard.len(),
        3,
        "three times 20,000 fit in 65,536"
    );

    let now = world.now;
    world.session().consumed(now, 1);
    world.run(secs(1));
    assert_eq!(world.host.heard.len(), 4);
}

#[test]
fn a_window_that_is_taken_is_given_back_without_delay() {
    let mut world = World::connected(ClientConfig::default(), small_windows());
    let since = world.now;
    for _ in 0..20 {
        world.say(&long_text(20_000));
    }
    let took = world.run_until("all of it is there", |world| world.host.heard.len() == 20);
    // Three fit in a window: seven windows, and six times the way back between them.
    assert_eq!(took, ms(13 * 10), "no acknowledgement waited for company");
    let acks = world.packets(Side::Server, since);
    assert!(acks.iter().all(|packet| packet.has(Kind::Ack)));
}

#[test]
fn a_window_that_is_taken_is_given_back_within_a_schedule() {
    let mut config = only(&[Transport::Polling]);
    config.limits = Limits::default().window(64 * 1024, 256);
    let mut world = World::connected(config, SessionConfig::default());
    for _ in 0..20 {
        world.reply(&long_text(20_000));
    }
    let took = world.run_until("all of it is there", |world| {
        world.tabs[0].heard.len() == 20
    });
    assert!(
        took < ms(1_500),
        "acknowledgements waited for the schedule: {took:?}"
    );
}

#[test]
fn a_message_longer_than_the_window_passes_alone() {
    let mut world = World::connected(ClientConfig::default(), small_windows());
    world.host.takes = false;
    world.say("before");
    world.say(&long_text(300_000));
    world.run(secs(5));
    assert_eq!(world.host.texts(), ["before"]);

    let now = world.now;
    world.session().consumed(now, 1);
    world.run(secs(5));
    assert_eq!(world.host.heard.len(), 2);
}

#[test]
fn before_the_welcome_a_client_counts_on_the_initial_window_only() {
    let mut world = World::new();
    for text in numbers(600) {
        world.say(&text);
    }
    world.host.takes = false;
    world.connect();
    world.run_until("the hello is answered", |world| {
        world.wire.iter().any(|packet| packet.from == Side::Server)
    });
    assert_eq!(
        world.host.heard.len(),
        Limits::INITIAL_WINDOW_MESSAGES as usize
    );
    world.run(secs(1));
    assert_eq!(world.host.heard.len(), 600, "the server takes 4,096");
}

#[test]
fn a_server_is_held_back_by_its_client() {
    let mut config = ClientConfig::default();
    config.limits = Limits::default().window(64 * 1024, 256);
    let mut world = World::connected(config, SessionConfig::default());
    world.tab().takes = false;
    for text in numbers(300) {
        world.reply(&text);
    }
    world.run(secs(5));
    assert_eq!(world.tabs[0].heard.len(), 256);

    let now = world.now;
    world.tab().take(now, 256);
    world.run(secs(1));
    assert_eq!(world.tabs[0].texts(), numbers(300));
}

#[test]
fn a_server_that_loses_sessions_again_and_again_fills_no_client_that_does_not_read() {
    let mut world = World::connected(only(&[Transport::WebSocket]), SessionConfig::default());
    world.tab().takes = false;
    let window = ClientConfig::default().limits.window_messages;
    for _ in 0..6 {
        for text in numbers(3_000) {
            if world.host.sessions.is_empty() {
                break;
            }
            world.reply(&text);
        }
        world.run(secs(5));
        world.restart_host();
        world.run(secs(120));
    }
    let untaken = world.tabs[0].untaken() as u64;
    assert!(
        untaken > window,
        "there was more than one window: {untaken}"
    );
    assert!(untaken <= 2 * window, "{untaken}");
    assert!(world.host.sessions.is_empty(), "the next session waits");

    // Once the application reads, it goes on by itself.
    let now = world.now;
    let all = world.tabs[0].untaken();
    world.tab().take(now, all);
    world.tab().takes = true;
    world.run(secs(5));
    assert_eq!(world.host.sessions.len(), 1);
    assert_eq!(world.transport(), Some(Transport::WebSocket));
}
