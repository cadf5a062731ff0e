//! A page that is left with a session open and comes back from the back/forward cache goes on with it at once: nothing
//! lost, nothing twice. Really left and really restored by the browser, unlike in the client's own tests.

use std::time::Duration;

use serde_json::{Value, json};
use tidewire_tests::{Browser, Options, Report, Server, perform, until};

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn from_the_back_forward_cache() {
    perform(Browser::Chromium, Duration::from_secs(40), async |stage| {
        let server = Server::start().await;
        let tab = stage.open(&server).await;
        tab.connect(
            &Options::new(server.url("/live"))
                .only(["WebSocket"])
                .saying(10),
        )
        .await;
        let done = |report: &Report| report.complaint(10, 0).is_none();
        tab.until("ten messages are there", SOON, done).await;

        // What is said in the last moment goes with the page.
        let leave = "window.restored = null; \
             addEventListener('pageshow', event => { if (event.persisted) restored = Date.now() }); \
             page.say(5); \
             location.href = arguments[0]";
        tab.run(leave, &[json!(server.url("/message"))]).await;
        let elsewhere = async || {
            let path = tab.run("return location.pathname", &[]).await;
            (path == "/message").then_some(())
        };
        until("the browser is elsewhere", SOON, elsewhere, String::new).await;
        tab.run("history.back()", &[]).await;
        let back = async || tab.run("return window.restored ?? null", &[]).await.as_f64();
        let restored = until("the page is restored as it was", SOON, back, String::new).await;

        let resumed = |report: &Report| report.resumed > 0;
        let report = tab.until("the session goes on", SOON, resumed).await;
        let connected = report.events.last().map(|event| event.at - restored);
        println!("resumed after {connected:?} ms");
        assert!(connected < Some(1_000.0), "{report:#?}");

        tab.say(5).await;
        let done = |report: &Report| report.complaint(20, 0).is_none();
        let report = tab.until("everything once and in order", SOON, done).await;
        assert_eq!((report.fresh, report.losses.len()), (1, 0), "{report:#?}");
        assert_eq!(report.uncaught, Vec::<String>::new());
        assert_ne!(Value::Null, json!(report.transport));
    })
    .await;
}
