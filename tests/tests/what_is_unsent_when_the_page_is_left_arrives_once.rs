//! What the page could not send before it was left reaches the server with a last request, and once.

use std::time::Duration;

use serde_json::Value;
use tidewire_tests::{Browser, Direction, Kind, Options, Proxy, Report, Server, perform, until};

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn and_again_later_over_the_connection_that_hung() {
    perform(Browser::Chromium, Duration::from_secs(30), async |stage| {
        let server = Server::start().await;
        let proxy = Proxy::start(server.address()).await;
        let tab = stage.open(&server).await;
        tab.connect(
            &Options::new(proxy.url("/live"))
                .only(["WebSocket"])
                .saying(10),
        )
        .await;
        let done = |report: &Report| report.complaint(10, 0).is_none();
        tab.until("ten messages are there", SOON, done).await;

        assert_eq!(proxy.stall(Kind::Socket, &[Direction::Up]), 1);
        tab.run("page.say(40); location.href = 'about:blank'", &[])
            .await;
        let received = async || messages(&server.connections().await);
        let all = async || (received().await == 50).then_some(());
        until("the server has the forty", SOON, all, String::new).await;

        // What hung arrives as well, and is known.
        let before = proxy.traffic().messages_up;
        proxy.release();
        let hung = async || (proxy.traffic().messages_up > before).then_some(());
        until("what hung gets through", SOON, hung, || {
            format!("{:?}", proxy.log())
        })
        .await;
        server.order("cut", Value::Null).await;
        assert_eq!(received().await, 50);
    })
    .await;
}

/// The messages of all sessions, carried or not, that their application has.
fn messages(connections: &Value) -> u64 {
    let lists = [&connections["connections"], &connections["away"]];
    let sessions = lists.into_iter().filter_map(Value::as_array).flatten();
    sessions
        .filter_map(|session| session["messages"].as_u64())
        .sum()
}
