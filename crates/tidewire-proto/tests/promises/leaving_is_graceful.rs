//! A close lets go out what was sent before, tells the other side why, and never hangs.

use tidewire_proto::CarrierId;
use tidewire_proto::server::SessionEvent;
use tidewire_proto::wire::HelloMode;

use super::support::direct::{Direct, hello};
use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn goodbye() -> Close {
    Close::new(CloseCode::NORMAL, "done: nothing more to say")
}

fn close(world: &mut World) {
    let now = world.now;
    world.client().close(now, goodbye());
}

#[test]
fn what_was_sent_before_the_close_arrives_on_every_transport() {
    for transport in Transport::ALL {
        let mut world = World::connected(only(&[transport]), SessionConfig::default());
        for text in numbers(100) {
            world.say(&text);
        }
        close(&mut world);
        let took = world.run_until("it is closed", |world| world.tabs[0].is_closed());
        world.run(secs(1));

        assert!(took < secs(1), "{transport:?}: {took:?}");
        assert_eq!(world.host.texts(), numbers(100), "{transport:?}");
        let told = world.host.events.iter().any(|event| {
            matches!(event, SessionEvent::Ended { cause: Cause::Refused(close), .. } if *close == goodbye())
        });
        assert!(told, "{transport:?}: {:?}", world.host.events);
        assert_eq!(world.open_links(), 0);
    }
}

#[test]
fn a_client_that_closes_hears_that_it_was_its_own_wish() {
    for transport in Transport::ALL {
        let mut world = World::connected(only(&[transport]), SessionConfig::default());
        close(&mut world);
        world.run_until("it is closed", |world| world.tabs[0].is_closed());
        assert!(
            world.heard(|event| matches!(
                event,
                Event::Closed {
                    cause: Cause::ByApplication,
                    ..
                }
            )),
            "{transport:?}: {:?}",
            world.tabs[0].events
        );
    }
}

#[test]
fn a_close_while_nothing_works_ends_after_five_seconds_and_hands_back_the_rest() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Refused;
    world.net.http = Http::Fails;
    world.connect();
    world.say("1");
    close(&mut world);
    let took = world.run_until("it is closed", |world| world.tabs[0].is_closed());
    assert_eq!(took, secs(5));
    assert_eq!(world.unconfirmed(), [("1", true)], "a request left with it");
}

#[test]
fn a_client_that_never_connected_and_has_nothing_to_say_closes_at_once() {
    let mut world = World::new();
    world.net.handshakes = Handshakes::Mute;
    world.net.http = Http::Fails;
    world.connect();
    close(&mut world);
    world.settle();
    assert!(world.tabs[0].is_closed());
    assert_eq!(world.open_links(), 0);
}

#[test]
fn after_a_close_messages_are_handed_back() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    close(&mut world);
    let now = world.now;
    let refused = world
        .client()
        .send(now, Payload::from("late"), OverflowPolicy::Wait)
        .expect_err("it is closing");
    assert_eq!(refused.kind, SendErrorKind::Closed);
    assert_eq!(refused.payload, Payload::from("late"));
    world.run(secs(1));
    assert_eq!(
        world.tabs[0].count(|event| matches!(event, Event::Closed { .. })),
        1
    );
    assert_eq!(world.client().poll_timeout(), None);
}

#[test]
fn a_server_that_closes_says_its_last_messages_first() {
    for transport in Transport::ALL {
        let mut world = World::connected(only(&[transport]), SessionConfig::default());
        for text in numbers(100) {
            world.reply(&text);
        }
        world.close_session(goodbye());
        world.run_until("it is closed", |world| world.tabs[0].is_closed());
        assert_eq!(world.tabs[0].texts(), numbers(100), "{transport:?}");
        assert!(
            world.heard(|event| matches!(event, Event::Closed { cause: Cause::Refused(close), .. } if *close == goodbye())),
            "{transport:?}"
        );
    }
}

#[test]
fn a_dropped_client_leaves_nothing_behind_and_says_nothing_more() {
    for transport in Transport::ALL {
        let mut world = World::connected(only(&[transport]), SessionConfig::default());
        let events = world.tabs[0].events.len();
        let now = world.now;
        world.client().abandon(now);
        world.settle();
        assert_eq!(world.open_links(), 0, "{transport:?}");
        assert_eq!(world.client().poll_timeout(), None);
        world.run(secs(1));
        assert_eq!(world.tabs[0].events.len(), events);
        let ended = world
            .host
            .events
            .iter()
            .any(|event| matches!(event, SessionEvent::Ended { .. }));
        assert_eq!(ended, transport == Transport::WebSocket, "sockets are told");
    }
}

#[test]
fn a_dropped_client_still_closes_the_socket_that_it_gave_up_before() {
    let mut world = World::connected(only(&[Transport::WebSocket]), SessionConfig::default());
    let now = world.now;
    // In the same turn, so that the driver has not yet been asked to close it.
    world.client().handle_page(now, PageEvent::Restored);
    world.client().abandon(now);
    world.settle();
    assert_eq!(world.open_links(), 0);
    assert_eq!(world.tabs[0].undone.len(), 1);
    assert_eq!(world.tabs[0].handshakes.len(), 1, "and opens no other");
}

#[test]
fn nothing_is_told_to_a_server_after_the_end() {
    for mode in [HelloMode::Socket, HelloMode::Send] {
        let mut direct = Direct::on_socket(SessionConfig::default());
        direct.attach(2, &hello(mode, 2, 1), |writer| writer.close(&goodbye()));
        assert!(
            matches!(direct.events.last(), Some(SessionEvent::Ended { .. })),
            "{mode:?}: {:?}",
            direct.events
        );
        direct.run(secs(300));
        direct.session.handle_closed(CarrierId(1));
        direct.settle();
        assert!(matches!(
            direct.events.last(),
            Some(SessionEvent::Ended { .. })
        ));
    }
}

#[test]
fn a_server_that_ends_a_session_at_once_tells_its_client() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world
        .session()
        .end(&Close::new(CloseCode::FORBIDDEN, "banned: go away"));
    world.run(secs(1));
    assert!(world.heard(|event| matches!(
        event,
        Event::Closed { cause: Cause::Refused(close), .. } if close.code == CloseCode::FORBIDDEN
    )));
}
