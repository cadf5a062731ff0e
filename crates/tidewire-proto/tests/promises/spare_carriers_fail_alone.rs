//! What a carrier is told that does not carry the session is no word on the one that does.

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn refusals() -> [Close; 3] {
    [
        Close::new(CloseCode::UNKNOWN_SESSION, "unknown-session: never heard"),
        Close::new(CloseCode::DRAINING, "draining: try again later").after(secs(30)),
        Close::new(CloseCode::FORBIDDEN, "forbidden: not here"),
    ]
}

#[test]
fn a_socket_that_is_refused_leaves_the_session_on_http() {
    for refusal in refusals() {
        let mut world = World::new();
        world.net.handshakes = Handshakes::Refused;
        world.connect();
        world.run(secs(2));
        assert_eq!(world.transport(), Some(Transport::LongPolling));

        world.host.refuses_sockets = Some(refusal.clone());
        world.net.handshakes = Handshakes::Open;
        let before = world.tabs[0].handshakes.len();
        world.run_until("sockets are tried in the background", |world| {
            world.tabs[0].handshakes.len() >= before + 2
        });
        world.say("1");
        world.reply("2");
        world.run(secs(1));
        assert_eq!(
            world.transport(),
            Some(Transport::LongPolling),
            "{refusal:?}"
        );
        assert_eq!(world.host.texts(), ["1"], "{refusal:?}");
        assert_eq!(world.tabs[0].texts(), ["2"], "{refusal:?}");
        assert_eq!(world.tabs[0].connections(), 1, "{refusal:?}");
        let lost = world.heard(|event| matches!(event, Event::Hiccup { .. } | Event::Lost { .. }));
        assert!(!lost, "{refusal:?}: {:?}", world.tabs[0].events);

        world.host.refuses_sockets = None;
        world.run_until("the session moves to a socket", |world| {
            world.transport() == Some(Transport::WebSocket)
        });
    }
}

#[test]
fn a_client_that_is_asked_to_move_and_refused_stays_where_it_is() {
    for refusal in refusals() {
        let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
        world.host.refuses_sockets = Some(refusal.clone());
        world.session().drain(secs(1));
        world.run(secs(3));
        world.say("1");
        world.reply("2");
        world.run(secs(30));
        assert_eq!(world.tabs[0].handshakes.len(), 2, "{refusal:?}");
        assert_eq!(world.host.texts(), ["1"], "{refusal:?}");
        assert_eq!(world.tabs[0].texts(), ["2"], "{refusal:?}");
        let lost = world.heard(|event| matches!(event, Event::Hiccup { .. } | Event::Lost { .. }));
        assert!(!lost, "{refusal:?}: {:?}", world.tabs[0].events);
    }
}

#[test]
fn a_page_of_a_proxy_does_not_close_a_client_whose_socket_still_opens() {
    let mut world = World::new();
    world.net.http = Http::Foreign(403, None);
    world.net.latency = ms(200);
    world.connect();
    world.run_until("the page is answered", |world| {
        world.heard(|event| matches!(event, Event::Hiccup { .. }))
    });
    assert!(!world.tabs[0].is_closed());
    world.run_until("the socket carries the session", |world| {
        world.transport() == Some(Transport::WebSocket)
    });
}

#[test]
fn a_page_of_a_proxy_closes_a_client_with_no_socket_left() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Refused;
    world.net.http = Http::Foreign(403, None);
    world.connect();
    world.run(secs(1));
    assert!(world.heard(|event| matches!(
        event,
        Event::Closed { cause: Cause::Refused(close), .. } if close.code == CloseCode::FORBIDDEN
    )));
}
