//! A session that is gone is reported with what is unconfirmed, and a new one begins.

use tidewire_proto::{Limits, SessionNumber};

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_server_that_forgot_everything_costs_what_was_not_acknowledged_and_says_so() {
    let mut config = SessionConfig::default();
    config.limits = Limits::default().window(64 * 1024, 256);
    let mut world = World::connected(ClientConfig::default(), config);
    world.say("taken");
    world.run(secs(1));
    world.host.takes = false;
    for text in numbers(258) {
        world.say(&text);
    }
    world.run(secs(1));
    world.restart_host();
    world.host.takes = true;
    world.run(secs(60));

    let unconfirmed = world.unconfirmed();
    assert_eq!(unconfirmed.len(), 258);
    assert_eq!(unconfirmed[0], ("1", true));
    assert_eq!(unconfirmed[255], ("256", true));
    assert_eq!(
        unconfirmed[256],
        ("257", false),
        "beyond the window: it never left"
    );
    assert!(world.heard(|event| matches!(
        event,
        Event::Lost { cause: Cause::Refused(close), .. } if close.code == CloseCode::UNKNOWN_SESSION
    )));
}

#[test]
fn the_new_session_works_and_message_names_go_on() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    let before = world.say("1");
    world.run(secs(1));
    world.restart_host();
    world.run(secs(60));
    let after = world.say("2");
    world.reply("3");
    world.run(secs(1));

    assert!(after > before);
    assert_eq!(world.host.texts(), ["1", "2"]);
    assert_eq!(world.tabs[0].texts(), ["3"]);
    assert_eq!(world.client().session(), SessionNumber(2));
    let verdicts = world.tabs[0].count(|event| {
        matches!(
            event,
            Event::Connected {
                verdict: Verdict::Fresh,
                ..
            }
        )
    });
    assert_eq!(verdicts, 2);
}

#[test]
fn a_message_of_the_old_session_that_is_taken_late_acknowledges_nothing_in_the_new_one() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.tab().takes = false;
    world.reply("old");
    world.run(secs(1));
    world.restart_host();
    world.run(secs(60));
    world.reply("new");
    world.run(secs(1));
    assert_eq!(world.tabs[0].texts(), ["old", "new"]);

    let now = world.now;
    world.tab().take(now, 1);
    world.run(secs(1));
    assert_eq!(world.session().acknowledged(), 0, "the new one still waits");
    world.tab().take(now, 1);
    world.run(secs(1));
    assert_eq!(world.session().acknowledged(), 1);
}

#[test]
fn a_session_that_expired_while_the_client_was_away_is_told_apart() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.net.handshakes = Handshakes::Refused;
    world.net.http = Http::Fails;
    world.cut();
    world.say("1");
    world.run(secs(130));
    world.net.handshakes = Handshakes::Open;
    world.net.http = Http::Works;
    world.run(secs(60));

    assert!(world.heard(|event| matches!(
        event,
        Event::Lost { cause: Cause::Refused(close), .. } if close.code == CloseCode::EXPIRED
    )));
    assert_eq!(world.unconfirmed(), [("1", true)], "attempts left with it");
    assert!(world.transport().is_some());
}
