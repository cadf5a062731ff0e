//! Whatever proxies do to the bytes, messages arrive once and in order.

use std::time::Duration;

use tidewire_tests::{
    Browser, Happened, Kind, Options, Proxy, Report, Rules, Stage, perform_beside_others,
};

const MESSAGES: u32 = 300;
const SOON: Duration = Duration::from_secs(20);
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn that_deliver_bytes_in_small_portions_and_late() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage| {
        let rules = Rules {
            slice: Some(700),
            delay: Duration::from_millis(3),
            ..Rules::default()
        };
        for transport in ["WebSocket", "LongPolling", "Polling"] {
            talk(stage, rules, &[transport]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn that_cut_every_connection_after_some_bytes() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage| {
        let rules = Rules {
            // More than one request with its answer holds, or nothing would ever get through.
            cut_after: Some(150_000),
            ..Rules::default()
        };
        for transport in ["WebSocket", "LongPolling", "Polling"] {
            let (_, proxy) = talk(stage, rules, &[transport]).await;
            let kind = if transport == "WebSocket" {
                Kind::Socket
            } else {
                Kind::Http
            };
            let cuts = proxy.count(kind, Happened::Cut);
            println!("{transport}: {cuts} cuts");
            assert!(cuts >= 1);
        }
    })
    .await;
}

#[tokio::test]
async fn that_cut_requests_which_are_held() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage| {
        let rules = Rules {
            read_timeout: Some(Duration::from_millis(700)),
            ..Rules::default()
        };
        let (report, proxy) = talk(stage, rules, &["LongPolling", "Polling"]).await;
        assert_eq!(report.transport.as_deref(), Some("LongPolling"));
        let tab = stage.latest();
        let stepped = |report: &Report| report.transport.as_deref() == Some("Polling");
        tab.until("scheduled polling carries the session", SOON, stepped)
            .await;
        println!(
            "stepped down after {} cut connections",
            proxy.count(Kind::Http, Happened::Cut)
        );
        tab.say(MESSAGES).await;
        let done = |report: &Report| report.complaint(2 * MESSAGES, 0).is_none();
        tab.until("as many again are there", SOON, done).await;
    })
    .await;
}

#[tokio::test]
async fn that_keep_answers_back() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage| {
        let rules = Rules {
            buffer_answers: Some(Duration::from_millis(300)),
            ..Rules::default()
        };
        for transport in ["LongPolling", "Polling"] {
            talk(stage, rules, &[transport]).await;
        }
    })
    .await;
}

/// Messages from a new tab through a new proxy.
async fn talk(stage: &Stage, rules: Rules, transports: &[&str]) -> (Report, Proxy) {
    let server = stage.server().await;
    let proxy = Proxy::start(server.address()).await;
    proxy.set(rules);
    let tab = stage.open(server).await;
    let mut options = Options::new(proxy.url("/live"))
        .saying(MESSAGES / 3)
        .with_millis([
            ("backoff_base", 50),
            ("backoff_cap", 200),
            ("polling_floor", 50),
            ("polling_ceiling", 500),
        ]);
    options.transports = transports.iter().map(|&name| name.to_owned()).collect();
    tab.connect(&options).await;
    for said in [MESSAGES * 2 / 3, MESSAGES] {
        tab.say(MESSAGES / 3).await;
        let done = |report: &Report| report.complaint(said, 0).is_none();
        tab.until("the messages are there", SOON, done).await;
    }
    let report = tab.report().await;
    assert_eq!(report.fresh, 1, "{report:#?}");
    (report, proxy)
}
