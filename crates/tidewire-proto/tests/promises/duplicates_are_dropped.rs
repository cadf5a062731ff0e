//! What comes twice is delivered once.

use tidewire_proto::wire::{Position, Writer};
use tidewire_proto::{Answer, CarrierId};

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn requests_whose_answers_are_lost_deliver_their_messages_once() {
    let mut world = World::connected(
        only(&[Transport::LongPolling, Transport::Polling]),
        SessionConfig::default(),
    );
    world.net.http = Http::LosesAnswers;
    world.say("1");
    world.say("2");
    world.run(secs(3));
    world.net.http = Http::Works;
    world.say("3");
    world.run(secs(30));

    assert_eq!(world.host.texts(), ["1", "2", "3"]);
    assert!(world.session().duplicates_dropped() > 0, "they came again");
}

#[test]
fn answers_that_are_lost_are_sent_again_and_delivered_once() {
    let mut world = World::connected(
        only(&[Transport::LongPolling, Transport::Polling]),
        SessionConfig::default(),
    );
    world.net.http = Http::LosesAnswers;
    world.reply("1");
    world.run(secs(1));
    world.net.http = Http::Works;
    world.reply("2");
    world.run(secs(60));

    assert_eq!(world.tabs[0].texts(), ["1", "2"]);
}

#[test]
fn a_packet_that_comes_again_on_a_socket_changes_nothing() {
    let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
    world.say("1");
    world.reply("1");
    world.run(ms(100));
    let mut again = Writer::default();
    again.seek(Position::default());
    again.message(true, b"1");
    let again = again.into_packet();
    world.client_says(again.clone());
    world.server_says(again);
    world.run(secs(1));

    assert_eq!(world.host.texts(), ["1"]);
    assert_eq!(world.tabs[0].texts(), ["1"]);
    assert_eq!(world.session().duplicates_dropped(), 1);
    assert_eq!(world.client().stats().duplicates_dropped, 1);
}

#[test]
fn an_answer_to_another_request_is_not_believed() {
    let mut world = World::connected(only(&[Transport::LongPolling]), SessionConfig::default());
    let mut mixed_up = Writer::default();
    mixed_up.answer(1, 99, 0);
    mixed_up.seek(Position::default());
    mixed_up.message(true, b"for somebody else");
    world.server_answers(mixed_up.into_packet());
    world.run(secs(1));
    assert!(world.tabs[0].heard.is_empty());

    world.reply("1");
    world.run(secs(5));
    assert_eq!(world.tabs[0].texts(), ["1"], "the session goes on");
    assert_eq!(world.tabs[0].connections(), 1);
}

#[test]
fn facts_about_carriers_that_were_given_up_mean_nothing() {
    let mut world = World::new();
    world.net.latency = ms(200);
    world.connect();
    world.run(secs(5));
    assert_eq!(world.transport(), Some(Transport::WebSocket));
    assert!(!world.tabs[0].requests.is_empty(), "HTTP was in the race");

    let now = world.now;
    let mut late = Writer::default();
    late.answer(1, 1, 0);
    late.seek(Position::default());
    late.message(true, b"late");
    let late = late.into_packet();
    for id in 0..20 {
        let answer = Answer {
            status: 200,
            body: &late,
            retry_after: None,
        };
        world.client().handle_answer(now, CarrierId(id), &answer);
        world.client().handle_failed(now, CarrierId(id));
    }
    for id in 2..20 {
        let packet = Payload::Binary(late.clone());
        world.client().handle_message(now, CarrierId(id), packet);
        world.client().handle_closed(now, CarrierId(id), 4403, "");
    }
    world.run(secs(5));
    assert!(world.tabs[0].heard.is_empty());
    assert_eq!(world.transport(), Some(Transport::WebSocket));
    assert_eq!(world.tabs[0].connections(), 1);
}
