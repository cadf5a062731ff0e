//! The live list: pushed by the server, it grows and shrinks as tabs open and close, and is there as soon as the server is.

use std::time::Duration;

use serde_json::json;
use tidewire_tests::{Browser, Server, Stage, Tour, perform_beside_others};

const LIMIT: Duration = Duration::from_secs(60);
const NOTICE: &str = "main > [role='status']";
const COUNT: &str = "[data-figure='connected']";

#[tokio::test]
async fn growing_and_shrinking() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage: &Stage| {
        let server = Server::start_with_demo().await;
        let tour = stage.tour().await;
        tour.load(&server.url("/index")).await;
        let alone = settled(&tour).await;

        let other = stage.tour().await;
        other.load(&server.url("/index")).await;
        let script = format!(
            "return parseInt(document.querySelector({COUNT:?}).innerText) >= {}",
            alone + 5
        );
        tour.until("the other tab is in the list", &script).await;
        other.close().await;
        let script =
            format!("return parseInt(document.querySelector({COUNT:?}).innerText) <= {alone}");
        tour.until("and it has left", &script).await;
    })
    .await;
}

#[tokio::test]
async fn by_a_page_that_is_older_than_its_server() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage: &Stage| {
        let server = Server::start_with_demo().await;
        let tour = stage.tour().await;
        tour.load(&server.url("/index")).await;
        settled(&tour).await;
        // A screen reader tells what changes within a region, and only where the region was there before.
        let mark = "document.querySelector(arguments[0]).wasThereBefore = true";
        tour.run(mark, &[json!(NOTICE)]).await;
        let address = server.kill().await;
        tour.until_says(NOTICE, "cannot be reached").await;
        tour.until_says(NOTICE, "cargo xtask demo").await;

        let _server = Server::start_with_demo_at(address).await;
        tour.run("dispatchEvent(new Event('online'))", &[]).await;
        let script = format!(
            "const notice = document.querySelector({NOTICE:?}); \
             return notice.wasThereBefore && notice.innerText === ''"
        );
        tour.until("no complaint is left", &script).await;
        settled(&tour).await;
        tour.until_says("#conversation .state", "Connected by")
            .await;
    })
    .await;
}

/// This page's own connections: three eras, the conversation, the bare WebSocket beside it, and the list.
async fn settled(tour: &Tour) -> u64 {
    let script = format!("return parseInt(document.querySelector({COUNT:?}).innerText) >= 6");
    tour.until("all of this page is in the list", &script).await;
    tour.number(COUNT).await
}
