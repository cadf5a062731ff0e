//! A close lets go out what was sent before, tells the other side why, and never hangs.

use tidewire_proto::CarrierId;
use tidewire_proto::server::SessionEvent;
use tidewire_proto::wire::HelloMode;

use super::support::direct::{Direct, frames, hello};
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
fn a_client_that_told_its_close_takes_the_word_that_its_session_is_over_for_the_answer() {
    let mut world = World::connected(only(&[Transport::LongPolling]), SessionConfig::default());
    world.net.http = Http::Mute;
    close(&mut world);
    world.settle();
    world.close_session(Close::new(
        CloseCode::EXPIRED,
        "expired: the session is over",
    ));
    let took = world.run_until("it is closed", |world| world.tabs[0].is_closed());
    assert!(took < secs(1), "{took:?}");
    assert!(
        world.heard(|event| matches!(
            event,
            Event::Closed {
                cause: Cause::ByApplication,
                ..
            }
        )),
        "{:?}",
        world.tabs[0].events
    );
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
fn a_server_that_closes_waits_for_a_client_that_polls_seldom() {
    // Idle, it polls each 5 s; the close comes at all moments between two polls.
    for step in 0..20 {
        let config = only(&[Transport::Polling]);
        let mut world = World::connected(config, SessionConfig::default());
        world.run(secs(60) + ms(250 * step));
        world.reply("last");
        world.close_session(goodbye());
        world.run_until("it is closed", |world| world.tabs[0].is_closed());
        world.run(secs(1));
        assert_eq!(world.tabs[0].texts(), ["last"], "step {step}");
        let confirmed = world.host.events.iter().any(|event| {
            matches!(event, SessionEvent::Ended { unconfirmed, .. } if unconfirmed.is_empty())
        });
        assert!(confirmed, "step {step}: {:?}", world.host.events);
    }
}

#[test]
fn a_server_that_closes_tells_its_own_code_within_a_second_and_a_poll_on_every_transport() {
    let codes = [
        CloseCode::NORMAL,
        CloseCode(3000),
        CloseCode::UNAUTHENTICATED,
        CloseCode::FORBIDDEN,
    ];
    for transport in Transport::ALL {
        for code in codes {
            let config = only(&[transport]);
            let patience = secs(1) + config.polling_ceiling;
            let mut world = World::connected(config, SessionConfig::default());
            world.run(secs(2));
            let close = Close::new(code, "over: as the application wants it");
            let since = world.now;
            world.close_session(close.clone());
            let told = |event: &Event| match event {
                Event::Closed { cause, .. } | Event::Hiccup { cause, .. } => {
                    *cause == Cause::Refused(close.clone())
                }
                _ => false,
            };
            world.run_until("it is told", |world| world.heard(told));
            let took = world.now.since(since);
            assert!(took <= patience, "{transport:?} {code:?}: {took:?}");
            assert!(
                !world.heard(|event| matches!(event, Event::Lost { .. })),
                "{transport:?} {code:?}: {:?}",
                world.tabs[0].events
            );
        }
    }
}

#[test]
fn a_client_that_was_away_at_the_end_hears_the_code_once_when_it_comes_back() {
    let mut world = World::connected(only(&[Transport::WebSocket]), SessionConfig::default());
    world.net.handshakes = Handshakes::Refused;
    world.cut();
    let close = Close::new(CloseCode::UNAUTHENTICATED, "logged-out: log in again");
    world.close_session(close.clone());
    world.run(secs(10));
    assert!(world.host.sessions.is_empty(), "its time to close is over");

    world.net.handshakes = Handshakes::Open;
    world.page(PageEvent::Online);
    world.run(secs(60));
    let told = world.tabs[0].count(|event| {
        matches!(event, Event::Hiccup { cause: Cause::Refused(told), .. } if *told == close)
    });
    assert_eq!(told, 1, "{:?}", world.tabs[0].events);
    assert!(
        world.heard(|event| matches!(event, Event::Lost { .. })),
        "with new credentials there is a new session"
    );
}

#[test]
fn what_a_client_closes_with_is_repeated_to_nobody() {
    let close = Close::new(CloseCode(4_999), "<b>: mine").after(secs(1 << 30));
    let mut direct = Direct::on_socket(SessionConfig::default());
    direct.attach(2, &hello(HelloMode::Hold { ms: 10_000 }, 2, 1), |_| {});
    direct.attach(3, &hello(HelloMode::Send, 2, 2), |writer| {
        writer.close(&close);
    });
    assert!(
        matches!(direct.events.last(), Some(SessionEvent::Ended { cause: Cause::Refused(told), .. }) if *told == close),
        "its application hears it: {:?}",
        direct.events
    );
    let said: Vec<u8> = direct
        .transmitted
        .iter()
        .map(|(_, packet)| packet.as_slice())
        .chain(
            direct
                .answered
                .iter()
                .map(|(_, answer)| answer.body.as_slice()),
        )
        .flatten()
        .copied()
        .collect();
    assert!(!said.windows(3).any(|bytes| bytes == b"<b>"));
    let codes = direct.disconnected.iter().map(|(_, close)| close.code);
    assert_eq!(codes.collect::<Vec<_>>(), [CloseCode::NORMAL]);
}

#[test]
fn a_code_that_no_client_closes_with_is_malformed() {
    for code in [0, 999, 1002, 1005, 1006, 1015, 2999, 5000, u16::MAX] {
        let mut direct = Direct::on_socket(SessionConfig::default());
        let packet = frames(|writer| writer.close(&Close::new(CloseCode(code), "x")));
        direct.says(1, &packet);
        let refusal = direct.refusal(1).expect("it is refused");
        assert_eq!(refusal.code, CloseCode::MALFORMED, "{code}");
        assert!(!direct.session.is_ended(), "{code}");
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
