//! Each refusal has its reaction: fresh credentials, another attempt, a new session, or the end.

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn an_unauthenticated_client_asks_for_fresh_credentials() {
    let mut world = World::new();
    world.tab().provider = Provider::Gives("old");
    world.host.refuses = Some(Close::new(
        CloseCode::UNAUTHENTICATED,
        "token: it has expired",
    ));
    world.connect();
    world.run(ms(45));
    world.tab().provider = Provider::Gives("new");
    world.host.refuses = None;
    world.run(secs(5));

    let tab = &world.tabs[0];
    let asked: Vec<_> = tab.prepared.iter().map(|(_, again)| *again).collect();
    assert_eq!(asked, [false, true]);
    assert_eq!(tab.connections(), 1);
    assert_eq!(world.host.tokens.last(), Some(&b"new".to_vec()));
}

#[test]
fn a_forbidden_client_gives_up_and_hands_back_what_it_had() {
    let mut world = World::new();
    world.say("1");
    world.host.refuses = Some(Close::new(CloseCode::FORBIDDEN, "forbidden: not for you"));
    world.connect();
    world.run(secs(60));

    assert!(world.heard(|event| matches!(
        event,
        Event::Closed { cause: Cause::Refused(close), .. } if close.code == CloseCode::FORBIDDEN
    )));
    assert_eq!(world.unconfirmed(), [("1", true)]);
    assert_eq!(world.tabs[0].handshakes.len(), 1);
    assert_eq!(world.open_links(), 0);
}

#[test]
fn the_status_of_http_says_the_same_where_the_handshake_cannot() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Refused;
    world.net.http = Http::Foreign(401, None);
    world.connect();
    world.run(ms(45));
    world.net.http = Http::Works;
    world.run(secs(5));
    let asked: Vec<_> = world.tabs[0]
        .prepared
        .iter()
        .map(|(_, again)| *again)
        .collect();
    assert_eq!(asked, [false, true]);

    let mut world = World::new();
    world.net.handshakes = Handshakes::Refused;
    world.net.http = Http::Foreign(403, None);
    world.connect();
    world.run(secs(1));
    assert!(world.tabs[0].is_closed());
}

#[test]
fn something_that_is_no_tidewire_server_is_called_so() {
    for status in [200, 404, 502] {
        let mut world = World::new();
        world.net.handshakes = Handshakes::Refused;
        world.net.http = Http::Foreign(status, None);
        world.connect();
        world.run(secs(30));
        assert!(
            world.heard(|event| matches!(event, Event::Hiccup { cause: Cause::NotTidewire { status: told }, .. } if *told == status)),
            "{status}"
        );
        assert!(
            !world.tabs[0].is_closed(),
            "a captive portal goes away again"
        );
        world.net.http = Http::Works;
        world.run(secs(60));
        assert!(world.transport().is_some());
    }
}

#[test]
fn a_version_that_is_not_spoken_is_the_end() {
    let mut world = World::new();
    world.host.refuses = Some(Close::new(
        CloseCode::VERSION,
        "version: this server speaks version 2",
    ));
    world.connect();
    world.run(secs(1));
    assert!(world.tabs[0].is_closed());
}

#[test]
fn a_provider_that_fails_or_never_answers_is_asked_again() {
    for provider in [Provider::Fails, Provider::Silent] {
        let mut world = World::new();
        world.tab().provider = provider.clone();
        world.connect();
        world.run(secs(30));
        assert!(
            world.heard(|event| matches!(
                event,
                Event::Hiccup {
                    cause: Cause::Provider(_),
                    ..
                }
            )),
            "{provider:?}"
        );
        world.tab().provider = Provider::Gives("");
        world.run(secs(30));
        assert!(world.transport().is_some(), "{provider:?}");
    }
}
