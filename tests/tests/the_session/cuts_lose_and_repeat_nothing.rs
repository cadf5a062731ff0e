//! Messages in both directions arrive exactly once and in order, whatever happens to what carries them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tidewire_tests::{Browser, Options, Report, Server, Stage, Tab, perform_beside_others};

/// Messages that the page sends, and that come back.
const MESSAGES: u32 = 2_000;

/// The least number of times that what carries the session has to be destroyed.
const TROUBLES: u64 = 40;

const SOON: Duration = Duration::from_secs(20);
const LIMIT: Duration = Duration::from_secs(180);

#[tokio::test]
async fn while_the_transport_moves_up_and_down_the_ladder_in_chromium() {
    perform_beside_others(Browser::Chromium, LIMIT, up_and_down_the_ladder).await;
}

#[tokio::test]
async fn while_the_transport_moves_up_and_down_the_ladder_in_firefox() {
    if Browser::Firefox.is_here("cuts while the transport moves up and down the ladder") {
        perform_beside_others(Browser::Firefox, LIMIT, up_and_down_the_ladder).await;
    }
}

#[tokio::test]
async fn over_websocket_alone() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage| {
        over_one(stage, "WebSocket").await;
    })
    .await;
}

#[tokio::test]
async fn over_long_polling_alone() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage| {
        over_one(stage, "LongPolling").await;
    })
    .await;
}

#[tokio::test]
async fn over_scheduled_polling_alone() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage| {
        over_one(stage, "Polling").await;
    })
    .await;
}

async fn up_and_down_the_ladder(stage: &Stage) {
    let mut talk = Talk::begin(stage, options()).await;
    while talk.said < MESSAGES {
        // Connections that are cut in the middle of the traffic, until the WebSocket is not trusted any more.
        talk.order("cut-messages", json!({ "every": 20 })).await;
        talk.say(120).await;
        talk.push(10).await;
        talk.caught_up().await;
        talk.clear_and_move_up().await;

        // A half-open connection, found when the network says that it is back.
        talk.say(40).await;
        talk.destroy("half-open").await;
        talk.say(20).await;
        talk.tab.dispatch("online").await;
        talk.caught_up().await;
        talk.clear_and_move_up().await;

        // Handshakes that are refused, with a proxy that repeats requests and loses answers.
        talk.order("refuse-upgrades", Value::Null).await;
        talk.order("drop-responses", json!({ "every": 5 })).await;
        talk.order("duplicate-requests", json!({ "every": 3 }))
            .await;
        talk.say(40).await;
        talk.destroy("cut").await;
        talk.say(60).await;
        talk.push(10).await;
        talk.carried_by_http().await;
        for _ in 0..5 {
            talk.say(20).await;
            talk.caught_up().await;
        }
        talk.clear_and_move_up().await;

        // Handshakes that are never answered, and those behind which nobody is.
        for fault in ["black-hole-upgrades", "silent-upgrades"] {
            talk.order(fault, Value::Null).await;
            talk.destroy("cut").await;
            talk.say(40).await;
            talk.carried_by_http().await;
            talk.destroy("cut").await;
            talk.push(5).await;
            talk.caught_up().await;
            talk.clear_and_move_up().await;
        }
    }
    let report = talk.end().await;
    assert!(report.transports_seen.len() >= 2, "{report:#?}");
}

async fn over_one(stage: &Stage, transport: &str) {
    let mut talk = Talk::begin(stage, options().only([transport])).await;
    talk.order("cut-messages", json!({ "every": 45 })).await;
    while talk.said < MESSAGES - 400 {
        talk.say(100).await;
        talk.push(5).await;
        talk.caught_up().await;
        if talk.said % 400 == 0 {
            talk.say(20).await;
            talk.destroy("half-open").await;
            talk.tab.dispatch("online").await;
            talk.caught_up().await;
        }
    }
    talk.order("clear", Value::Null).await;
    if transport != "WebSocket" {
        talk.order("drop-responses", json!({ "every": 4 })).await;
        talk.order("duplicate-requests", json!({ "every": 3 }))
            .await;
    }
    while talk.said < MESSAGES {
        talk.say((MESSAGES - talk.said).min(25)).await;
        talk.destroy("cut").await;
        talk.caught_up().await;
    }
    talk.order("clear", Value::Null).await;
    let report = talk.end().await;
    assert_eq!(
        report.transports_seen.into_iter().collect::<Vec<_>>(),
        [transport]
    );
}

/// Timings under which forty troubles fit into a test: what is waited for is the same as by default, only shorter.
fn options() -> Options {
    Options::default().with_millis([
        ("backoff_base", 20),
        ("backoff_cap", 100),
        ("handshake_timeout", 400),
        ("polling_floor", 20),
        ("polling_ceiling", 200),
        ("probe_timeout", 300),
        ("promotion_base", 200),
        ("request_timeout", 2_000),
        ("stable_after", 300),
    ])
}

/// A page that talks with a server while that does as ordered.
struct Talk {
    server: Server,
    tab: Tab,
    said: u32,
    pushed: u32,
    destroyed: u64,
}

impl Talk {
    async fn begin(stage: &Stage, mut options: Options) -> Self {
        let server = Server::start().await;
        let tab = stage.open(&server).await;
        options.url = server.url("/live");
        tab.connect(&options).await;
        let talk = Self {
            server,
            tab,
            said: 0,
            pushed: 0,
            destroyed: 0,
        };
        talk.until("the connection", |report| report.state == "open")
            .await;
        talk
    }

    async fn say(&mut self, count: u32) {
        self.said += count;
        self.tab.say(count).await;
    }

    /// The server says something of its own accord.
    async fn push(&mut self, count: u32) {
        for number in self.pushed..self.pushed + count {
            self.server.push(number, 1).await;
        }
        self.pushed += count;
    }

    async fn order(&self, name: &str, settings: Value) {
        self.server.order(name, settings).await;
    }

    /// Destroys the connections that carry something now.
    async fn destroy(&mut self, how: &str) {
        let done = self.server.order(how, Value::Null).await;
        self.destroyed += done["connections"].as_u64().unwrap_or_default();
    }

    async fn caught_up(&self) {
        let (said, pushed) = (self.said, self.pushed);
        let done = |report: &Report| {
            report.acknowledged == said
                && report.echoes.received >= said
                && report.pushes.received >= pushed
        };
        let report = self.until("everything arrived", done).await;
        assert_eq!(report.complaint(said, pushed), None, "{report:#?}");
    }

    async fn carried_by_http(&self) {
        let is_http = |report: &Report| {
            matches!(report.transport.as_deref(), Some("LongPolling" | "Polling"))
        };
        self.until("HTTP carries the session", is_http).await;
    }

    /// Ends all faults; the client looks for a better transport because the network says that it is back.
    async fn clear_and_move_up(&self) {
        self.order("clear", Value::Null).await;
        self.tab.dispatch("online").await;
        let is_up = |report: &Report| report.transport.as_deref() == Some("WebSocket");
        self.until("WebSocket carries the session", is_up).await;
    }

    async fn until(&self, what: &str, wanted: impl Fn(&Report) -> bool) -> Report {
        self.tab.until(what, SOON, wanted).await
    }

    /// How many connections were destroyed, and how often each fault struck.
    async fn troubles(&self) -> (u64, BTreeMap<String, u64>) {
        let hits = self.server.hits().await;
        let destroying = ["cut-messages", "drop-responses"];
        let destroyed = self.destroyed + destroying.iter().map(|name| hits[*name]).sum::<u64>();
        (destroyed, hits)
    }

    async fn end(mut self) -> Report {
        self.caught_up().await;
        // How many a cut finds depends on what is on its way just then.
        while self.troubles().await.0 < TROUBLES {
            self.say(25).await;
            self.destroy("cut").await;
            self.caught_up().await;
        }
        let report = self.tab.report().await;
        let (destroyed, hits) = self.troubles().await;
        println!(
            "{} messages and their echoes, {} pushes: {destroyed} connections destroyed, {} reconnects, {} duplicates \
             dropped by the client, over {:?}; faults: {hits:?}",
            self.said,
            self.pushed,
            report.stats.reconnects,
            report.stats.duplicates_dropped,
            report.transports_seen,
        );
        assert_eq!(
            (report.fresh, report.stats.sessions_lost),
            (1, 0),
            "{report:#?}"
        );
        assert!(
            report.losses.is_empty() && report.failed.is_empty(),
            "{report:#?}"
        );
        report
    }
}
