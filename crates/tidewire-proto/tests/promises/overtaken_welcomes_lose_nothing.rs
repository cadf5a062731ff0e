//! A welcome may be overtaken by a higher number of the client: the server, which does not know yet, goes on behind it.

use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn messages_behind_an_overtaken_welcome_are_skipped_and_come_after_the_next() {
    let mut world = World::new();
    world.net.latency = ms(100);
    world.net.http = Http::Mute;
    world.connect();
    // The socket's hello left at 200 ms, the request with a higher number at 250 ms. The welcome arrives at 400 ms.
    world.run(ms(320));
    assert_eq!(world.tabs[0].requests.len(), 1, "the number is overtaken");
    world.reply("1");
    world.run(ms(110));
    let replied = world.packets(Side::Server, Timestamp::ZERO);
    assert!(
        replied
            .iter()
            .any(|packet| packet.kinds().contains(&Kind::Message))
    );
    assert_eq!(world.tabs[0].heard, [], "skipped");
    assert_eq!(world.transport(), None);

    // The socket said hello again at 400 ms.
    world.run(ms(160));
    assert_eq!(world.tabs[0].heard, []);
    world.run(ms(20));
    assert_eq!(world.tabs[0].texts(), ["1"]);
    assert_eq!(world.transport(), Some(Transport::WebSocket));

    world.reply("2");
    world.say("3");
    world.run(secs(20));
    assert_eq!(world.tabs[0].texts(), ["1", "2"], "once");
    assert_eq!(world.host.texts(), ["3"]);
    assert_eq!(world.tabs[0].handshakes.len(), 1);
    assert!(!world.heard(|event| matches!(event, Event::Hiccup { .. })));
}
