//! Tabs share the browser's few connections to a server; none takes what another needs.

use std::time::{Duration, Instant};

use serde_json::json;
use tidewire_tests::report::Kind as Event;
use tidewire_tests::{
    Browser, Handshakes, Happened, Kind, Options, Proxy, Report, Rules, Server, perform, until,
};

const SOON: Duration = Duration::from_secs(5);

/// A browser runs one handshake at a time to a host and port (RFC 6455 section 4.1).
#[tokio::test]
async fn a_probe_that_is_never_answered_delays_the_websocket_of_another_tab_by_ten_seconds_at_most()
{
    perform(Browser::Chromium, Duration::from_secs(60), async |stage| {
        let server = Server::start().await;
        let proxy = Proxy::start(server.address()).await;
        proxy.set(Rules {
            handshakes: Handshakes::Refuse,
            ..Rules::default()
        });
        let probing = stage.open(&server).await;
        let other = stage.open(&server).await;
        // Sooner than by default, to spare the test the wait; the deadline of the probe is the default.
        let options = Options::new(proxy.url("/live"))
            .saying(1)
            .with_millis([("promotion_base", 500)]);
        probing.connect(&options).await;
        probing
            .until("HTTP carries the first tab", SOON, |report| {
                report.echoes.has(0)
            })
            .await;
        proxy.set(Rules {
            handshakes: Handshakes::BlackHole,
            ..Rules::default()
        });
        let probed = Duration::from_secs(20);
        proxy
            .until(Kind::Socket, Happened::Swallowed, 1, probed)
            .await;
        proxy.set(Rules::default());

        let start = Instant::now();
        other
            .connect(
                &Options::new(proxy.url("/live"))
                    .only(["WebSocket"])
                    .saying(1),
            )
            .await;
        let limit = Duration::from_secs(15);
        other
            .until("the other tab's echo", limit, |report| report.echoes.has(0))
            .await;
        let took = start.elapsed();
        println!(
            "the WebSocket of the other tab was up after {:.1} s",
            took.as_secs_f64()
        );
        assert!(took <= Duration::from_secs(11), "{took:?}");
        let moved = |report: &Report| report.transport.as_deref() == Some("WebSocket");
        probing
            .until("the first tab moves up, too", limit, moved)
            .await;
    })
    .await;
}

#[tokio::test]
async fn six_tabs_that_poll_do_not_keep_a_seventh_page_from_loading() {
    perform(Browser::Chromium, Duration::from_secs(60), async |stage| {
        let server = Server::start().await;
        server
            .order("refuse-upgrades", json!({ "status": 403 }))
            .await;
        let mut tabs = Vec::new();
        for _ in 0..6 {
            let tab = stage.open(&server).await;
            tab.connect(&Options::new(server.url("/live")).saying(1))
                .await;
            tab.until("an echo", SOON, |report| report.echoes.has(0))
                .await;
            tabs.push(tab);
        }
        let mut carried = Vec::new();
        for tab in &tabs {
            carried.extend(tab.report().await.transport);
        }
        let holding = carried.iter().filter(|name| *name == "LongPolling").count();
        assert_eq!(holding, 2, "{carried:?}");

        let seventh = stage.open_blank().await;
        let took = seventh.load(&server.url("/index")).await;
        println!("the seventh page was up after {took:?}, with {carried:?}");
        // A page that has to wait for a connection waits for the end of a held request.
        assert!(took < Duration::from_secs(5), "{took:?}");
        for tab in &tabs {
            tab.say(5).await;
        }
        for tab in &tabs {
            let done = |report: &Report| report.complaint(6, 0).is_none();
            tab.until("six messages are there", SOON, done).await;
        }
    })
    .await;
}

/// The library keeps no key where a duplicated tab could copy it, so both tabs get theirs from a generator that is
/// told what to say.
#[tokio::test]
async fn of_two_tabs_with_one_session_key_one_has_the_session_and_the_other_is_told_once() {
    perform(Browser::Chromium, Duration::from_secs(60), async |stage| {
        const SAME_KEY: &str = "
            const real = crypto.getRandomValues.bind(crypto);
            let calls = 0;
            crypto.getRandomValues = (array) => {
                calls += 1;
                return calls <= 2 ? array.map((_, index) => array[index] = 16 * calls + index) : real(array);
            };";
        let server = Server::start().await;
        let tabs = [stage.open(&server).await, stage.open(&server).await];
        for tab in &tabs {
            tab.run(SAME_KEY, &[]).await;
            tab.connect(&Options::new(server.url("/live")).only(["WebSocket"]).saying(1)).await;
            tab.until("a word from the server", SOON, |report| !report.events.is_empty()).await;
        }
        let one_is_left = async || {
            let reports = [tabs[0].report().await, tabs[1].report().await];
            let [first, second] = reports.each_ref().map(|report| report.state == "closed");
            (first != second).then(|| if first { (&tabs[1], &tabs[0]) } else { (&tabs[0], &tabs[1]) })
        };
        let state = || "both are there, or none".to_owned();
        let (winner, loser) = until("one has the session", SOON, one_is_left, state).await;

        let before = winner.report().await;
        winner.say(20).await;
        let heard = |report: &Report| report.acknowledged == before.acknowledged + 20;
        let after = winner.until("the one goes on", SOON, heard).await;
        assert_eq!(after.stats.reconnects, before.stats.reconnects, "they do not fight");
        let loser = loser.report().await;
        let ends: Vec<_> = loser.events.iter().filter(|event| event.kind == Event::Closed).collect();
        assert_eq!(ends.len(), 1, "{loser:#?}");
        assert!(ends[0].detail.contains("4409"), "{loser:#?}");
        assert_eq!((loser.state.as_str(), loser.stats.reconnects), ("closed", 0));
    })
    .await;
}
