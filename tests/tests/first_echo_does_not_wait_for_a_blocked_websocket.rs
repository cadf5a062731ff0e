//! Where WebSocket handshakes do not work, the first echo comes over HTTP: at once where they are refused, after a
//! quarter of a second where they are swallowed. Once they work again, the session moves up without loss.

use std::time::Duration;

use serde_json::{Value, json};
use tidewire_tests::report::Kind as Event;
use tidewire_tests::{
    Browser, Handshakes, Happened, Kind, Options, Proxy, Rules, Server, Tab, perform,
};

/// On loopback, in milliseconds.
const BLACK_HOLED: f64 = 500.0;
const REFUSED: f64 = 100.0;

const SOON: Duration = Duration::from_secs(5);

fn greeting(url: String) -> Options {
    Options::new(url).saying(1)
}

#[tokio::test]
async fn a_swallowed_handshake_costs_half_a_second_at_most() {
    perform(Browser::Chromium, Duration::from_secs(40), async |stage| {
        let server = Server::start().await;
        let proxy = Proxy::start(server.address()).await;
        proxy.set(Rules {
            handshakes: Handshakes::BlackHole,
            ..Rules::default()
        });
        let tab = stage.open(&server).await;

        // The client gives up the handshake and tries the next one sooner than by default, which says nothing about
        // the first echo and saves the test ten seconds.
        let options = greeting(proxy.url("/live"))
            .with_millis([("handshake_timeout", 1_500), ("promotion_base", 500)]);
        tab.connect(&options).await;
        let report = tab
            .until("an echo", SOON, |report| report.echoes.has(0))
            .await;
        let first = report.first_echo_after.unwrap();
        println!("first echo with the handshake black-holed: {first:.0} ms");
        assert!(first <= BLACK_HOLED, "{first} ms");
        assert_eq!(report.transport.as_deref(), Some("LongPolling"));

        // The handshake of the race is still unanswered; the first one after it finds the way open.
        proxy.set(Rules::default());
        let mut said = 1;
        while tab.report().await.transport.as_deref() != Some("WebSocket") {
            tab.say(5).await;
            said += 5;
            let wanted = |report: &tidewire_tests::Report| report.acknowledged == said;
            tab.until("acknowledgements during the move", SOON, wanted)
                .await;
        }
        tab.say(20).await;
        let done = |report: &tidewire_tests::Report| report.complaint(said + 20, 0).is_none();
        let report = tab.until("everything once and in order", SOON, done).await;
        assert!(report.happened(Event::Moved, 0.0).is_some(), "{report:#?}");
        assert_eq!(
            (report.fresh, report.stats.reconnects),
            (1, 0),
            "{report:#?}"
        );
        println!("moved to WebSocket during {said} messages");
    })
    .await;
}

#[tokio::test]
async fn a_refused_handshake_costs_a_tenth_of_a_second_at_most() {
    perform(Browser::Chromium, Duration::from_secs(40), async |stage| {
        let server = Server::start().await;
        let proxy = Proxy::start(server.address()).await;
        proxy.set(Rules {
            handshakes: Handshakes::Refuse,
            ..Rules::default()
        });
        let tab = stage.open(&server).await;
        let reset = first_echo(&tab, &server, &proxy.url("/live")).await;
        assert_eq!(proxy.count(Kind::Socket, Happened::Refused), ATTEMPTS);

        server.order("refuse-upgrades", json!({ "status": 403 })).await;
        let forbidden = first_echo(&tab, &server, &server.url("/live")).await;
        println!("first echo with the handshake reset: {reset:.0} ms, answered with 403: {forbidden:.0} ms");
        assert!(reset <= REFUSED && forbidden <= REFUSED, "{reset} ms, {forbidden} ms");

        server.order("clear", Value::Null).await;
        let moved = |report: &tidewire_tests::Report| report.transport.as_deref() == Some("WebSocket");
        tab.until("the move to WebSocket", Duration::from_secs(15), moved).await;
        tab.say(100).await;
        let done = |report: &tidewire_tests::Report| report.complaint(101, 0).is_none();
        tab.until("everything once and in order", SOON, done).await;
    })
    .await;
}

/// Attempts, each from a page that was just loaded; odd, so that there is a median.
const ATTEMPTS: usize = 3;

/// The median of the milliseconds from `connect` to the first echo.
async fn first_echo(tab: &Tab, server: &Server, url: &str) -> f64 {
    let mut times = Vec::new();
    for _ in 0..ATTEMPTS {
        tab.load(&server.url("/index")).await;
        tab.connect(&greeting(url.to_owned())).await;
        let report = tab
            .until("an echo", SOON, |report| report.echoes.has(0))
            .await;
        times.push(report.first_echo_after.expect("an echo came"));
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
