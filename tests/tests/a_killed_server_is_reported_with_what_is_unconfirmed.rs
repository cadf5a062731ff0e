//! A server that is killed takes its sessions with it: the client says which messages are unconfirmed, neither more
//! nor less, and goes on with a new session at the server's successor.

#![cfg(unix)]

use std::time::Duration;

use tidewire_tests::{Browser, Options, Report, Server, perform};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn over_websocket() {
    kill("WebSocket").await;
}

#[tokio::test]
async fn over_long_polling() {
    kill("LongPolling").await;
}

async fn kill(transport: &str) {
    perform(Browser::Chromium, Duration::from_secs(40), async |stage| {
        let server = Server::start().await;
        let tab = stage.open(&server).await;
        let options = Options::new(server.url("/live"))
            .only([transport])
            .saying(10)
            .with_millis([("backoff_cap", 500)]);
        tab.connect(&options).await;
        let done = |report: &Report| report.complaint(10, 0).is_none();
        tab.until("ten messages are there", SOON, done).await;

        // These reach the machine of the server and never its application.
        server.freeze();
        let packets = |report: &Report| report.stats.packets_sent[transport];
        let before = packets(&tab.report().await);
        tab.say(3).await;
        let sent = |report: &Report| report.sent == 13 && packets(report) > before;
        tab.until("three more are on their way", SOON, sent).await;
        let address = server.kill().await;
        let broken = |report: &Report| report.state != "open";
        tab.until("the client knows that the connection broke", SOON, broken)
            .await;
        // These never leave the page.
        tab.say(2).await;

        let _successor = Server::start_at(address).await;
        let told = |report: &Report| !report.losses.is_empty();
        let report = tab.until("the loss is told", SOON, told).await;
        assert_eq!(report.losses.len(), 1, "{report:#?}");
        let loss = &report.losses[0];
        println!(
            "over {transport}: {}; unconfirmed {:?}, never transmitted {:?}",
            loss.cause, loss.unconfirmed, loss.untransmitted
        );
        let mut unconfirmed = loss.unconfirmed.clone();
        unconfirmed.extend(&loss.untransmitted);
        unconfirmed.sort_unstable();
        assert_eq!(unconfirmed, [10, 11, 12, 13, 14], "{report:#?}");
        assert!(loss.unconfirmed.starts_with(&[10, 11, 12]), "{loss:?}");

        // The new session: what comes now arrives, and nothing of the old one does.
        tab.say(5).await;
        let done = |report: &Report| report.acknowledged == 15 && report.echoes.has(19);
        let report = tab
            .until("five messages in the new session", SOON, done)
            .await;
        assert_eq!(report.echoes.received, 15, "{report:#?}");
        assert_eq!(report.failed, [10, 11, 12, 13, 14], "{report:#?}");
        assert_eq!(
            (report.fresh, report.stats.sessions_lost),
            (2, 1),
            "{report:#?}"
        );
    })
    .await;
}
