//! One message costs one WebSocket message or one request, and a thousand of one turn cost ten at most: counted in the
//! bytes between browser and server.

use std::time::Duration;

use tidewire_tests::{Browser, Options, Proxy, Report, Server, perform_beside_others};

const SOON: Duration = Duration::from_secs(20);
const LIMIT: Duration = Duration::from_secs(90);

#[tokio::test]
async fn over_websocket() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage| {
        let server = Server::start().await;
        let proxy = Proxy::start(server.address()).await;
        let tab = stage.open(&server).await;
        tab.connect(
            &Options::new(proxy.url("/live"))
                .only(["WebSocket"])
                .small()
                .saying(1)
                // However long the echoes of a thousand messages take to come.
                .with_millis([("ack_delay", 1_000)]),
        )
        .await;
        let mut said = 1;
        tab.until("the connection", SOON, |report| report.echoes.has(0))
            .await;

        for _ in 0..5 {
            let before = proxy.settled().await;
            tab.say(1).await;
            said += 1;
            tab.until("an echo", SOON, |report| report.echoes.has(said - 1))
                .await;
            let after = proxy.settled().await;
            let up = after.messages_up - before.messages_up;
            let down = after.messages_down - before.messages_down;
            println!("a message and its echo: {up} up, {down} down, acknowledgements included");
            // The message; and, a moment after its echo, the acknowledgement of that.
            assert!(up <= 2 && down <= 2, "{up} up, {down} down");
        }

        let before = proxy.settled().await;
        tab.say(1_000).await;
        let done = |report: &Report| report.complaint(said + 1_000, 0).is_none();
        tab.until("a thousand messages", SOON, done).await;
        let after = proxy.settled().await;
        let up = after.messages_up - before.messages_up;
        let down = after.messages_down - before.messages_down;
        println!(
            "1,000 messages and their echoes: {up} up, {down} down, acknowledgements included"
        );
        assert!(up <= 10, "{up}");
    })
    .await;
}

#[tokio::test]
async fn over_http() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage| {
        let server = Server::start().await;
        for transport in ["LongPolling", "Polling"] {
            let proxy = Proxy::start(server.address()).await;
            let tab = stage.open(&server).await;
            // No request by the clock while the test counts.
            let options = Options::new(proxy.url("/live"))
                .only([transport])
                .saying(1)
                .with_millis([("polling_floor", 20_000), ("polling_ceiling", 20_000)]);
            tab.connect(&options).await;
            tab.until("the connection", SOON, |report| report.echoes.has(0))
                .await;
            for said in 1..5 {
                let before = proxy.settled().await;
                tab.say(1).await;
                tab.until("an echo", SOON, |report| report.echoes.has(said))
                    .await;
                let posts = proxy.settled().await.posts - before.posts;
                println!("{transport}: a message and its echo: {posts} requests in all");
                // The message, and what its echo costs: the next poll, with the acknowledgement on it.
                assert!(posts <= 2, "{posts}");
            }
        }
    })
    .await;
}
