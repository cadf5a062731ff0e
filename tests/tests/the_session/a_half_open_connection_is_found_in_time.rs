//! A connection that is dead without either end being told is found: within 20 s with the default settings, and within
//! 3 s after an event that wakes the page.

use std::time::Duration;

use tidewire_tests::{
    Browser, Direction, Kind, Options, Proxy, Report, Server, Stage, Tab, millis,
    perform_beside_others,
};

/// In milliseconds.
const BY_DEFAULT: f64 = 20_000.0;
const AFTER_A_WAKE_UP: f64 = 3_000.0;

const BOTH: &[Direction] = &[Direction::Down, Direction::Up];
const CASES: [(&str, Kind, &[Direction]); 4] = [
    ("WebSocket", Kind::Socket, BOTH),
    ("WebSocket", Kind::Socket, &[Direction::Down]),
    ("LongPolling", Kind::Http, BOTH),
    ("WebSocket", Kind::Socket, &[Direction::Up]),
];

const SOON: Duration = Duration::from_secs(5);

/// A tab whose connection goes through a proxy of its own.
struct Connected {
    transport: String,
    tab: Tab,
    proxy: Proxy,
}

impl Connected {
    async fn open(stage: &Stage, server: &Server, transport: &str) -> Self {
        let proxy = Proxy::start(server.address()).await;
        let tab = stage.open(server).await;
        let options = Options::new(proxy.url("/live")).only([transport]).saying(3);
        tab.connect(&options).await;
        tab.until("three messages are there", SOON, said(3)).await;
        Self {
            transport: transport.to_owned(),
            tab,
            proxy,
        }
    }

    /// Milliseconds from a moment until the client knew that its connection or request had failed.
    async fn found_after(&self, since: f64, limit: Duration) -> f64 {
        let transport = &self.transport;
        let knows = |report: &Report| report.stats.failures[transport] > 0;
        self.tab.until("the client knows", limit, knows).await;
        millis() - since
    }
}

fn said(count: u32) -> impl Fn(&Report) -> bool {
    move |report| report.complaint(count, 0).is_none()
}

#[tokio::test]
async fn within_twenty_seconds_by_default() {
    perform_beside_others(Browser::Chromium, Duration::from_secs(60), async |stage| {
        let server = Server::start().await;
        let mut tabs = Vec::new();
        for (transport, ..) in CASES {
            tabs.push(Connected::open(stage, &server, transport).await);
        }
        let since = millis();
        for (Connected { proxy, .. }, (_, kind, directions)) in tabs.iter().zip(CASES) {
            assert!(proxy.stall(kind, directions) > 0);
        }
        for (connected, (transport, _, directions)) in tabs.iter().zip(CASES) {
            let took = connected.found_after(since, Duration::from_secs(25)).await;
            println!(
                "{transport}, {directions:?} dead: found after {:.1} s",
                took / 1_000.0
            );
            assert!(took <= BY_DEFAULT, "{took} ms");
        }
        for Connected { tab, .. } in &tabs {
            tab.say(3).await;
            let report = tab.until("six messages are there", SOON, said(6)).await;
            assert_eq!(report.fresh, 1, "the session lives: {report:#?}");
        }
    })
    .await;
}

#[tokio::test]
async fn within_three_seconds_of_a_wake_up() {
    perform_beside_others(Browser::Chromium, Duration::from_secs(60), async |stage| {
        let server = Server::start().await;
        for (transport, kind, directions) in CASES {
            let connected = Connected::open(stage, &server, transport).await;
            let Connected { tab, proxy, .. } = &connected;
            assert!(proxy.stall(kind, directions) > 0);
            tab.say(3).await;
            let since = tab.dispatch("online").await;
            // Of HTTP only the held request is dead: it is asked anew at once, and nothing has to fail.
            if kind == Kind::Socket {
                let took = connected.found_after(since, SOON).await;
                println!("{transport}, {directions:?} dead: found {took:.0} ms after a wake-up");
                assert!(took <= AFTER_A_WAKE_UP, "{took} ms");
            }
            let report = tab.until("six messages are there", SOON, said(6)).await;
            let took = millis() - since;
            println!("{transport}, {directions:?} dead: messages flow after {took:.0} ms");
            // The next connection follows after a backoff of half a second at most.
            assert!(took <= AFTER_A_WAKE_UP + 600.0, "{took} ms");
            assert_eq!(report.fresh, 1, "the session lives: {report:#?}");
        }
    })
    .await;
}
