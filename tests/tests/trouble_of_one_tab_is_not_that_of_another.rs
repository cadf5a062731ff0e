//! While one tab's connections are cut, frozen and fed with rubbish, the session of another is not touched.

use std::time::Duration;

use tidewire_tests::{Browser, Direction, Kind, Options, Proxy, Report, Server, perform};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_bystander_notices_nothing() {
    perform(Browser::Chromium, Duration::from_secs(40), async |stage| {
        let server = Server::start().await;
        let proxy = Proxy::start(server.address()).await;
        let troubled = stage.open(&server).await;
        let bystander = stage.open(&server).await;
        let settings = [
            ("backoff_base", 20),
            ("backoff_cap", 100),
            ("probe_timeout", 300),
        ];
        let options = Options::new(proxy.url("/live")).with_millis(settings);
        troubled.connect(&options.only(["WebSocket"])).await;
        bystander
            .connect(&Options::new(server.url("/live")).only(["WebSocket"]))
            .await;

        let mut said = 0;
        for round in 0..10 {
            said += 50;
            for tab in [&troubled, &bystander] {
                tab.say(50).await;
            }
            server.reject_rubbish().await;
            if round % 2 == 0 {
                proxy.cut(Kind::Socket);
            } else {
                proxy.stall(Kind::Socket, &[Direction::Up, Direction::Down]);
                troubled.dispatch("online").await;
            }
            for tab in [&troubled, &bystander] {
                let done = |report: &Report| report.complaint(said, 0).is_none();
                tab.until("the messages are there", SOON, done).await;
            }
        }
        let troubled = troubled.report().await;
        let bystander = bystander.report().await;
        println!(
            "{said} messages each; reconnects: {} and {}",
            troubled.stats.reconnects, bystander.stats.reconnects
        );
        assert!(troubled.stats.reconnects >= 5, "{troubled:#?}");
        assert_eq!(bystander.stats.reconnects, 0, "{bystander:#?}");
        assert_eq!(bystander.events.len(), 1, "{bystander:#?}");
    })
    .await;
}
