//! One conversation, any carrier: through every button that breaks something nothing is lost, repeated or out of order,
//! while the bare WebSocket beside it loses.

use std::time::Duration;

use tidewire_tests::{Browser, Server, Stage, Tour, perform_beside_others};

const LIMIT: Duration = Duration::from_secs(120);

const TIDEWIRE: &str = "#conversation [data-client='tidewire']";
const BARE: &str = "#conversation [data-client='bare']";

#[tokio::test]
async fn in_chromium() {
    perform_beside_others(Browser::Chromium, LIMIT, everything_breaks).await;
}

#[tokio::test]
async fn in_firefox() {
    if Browser::Firefox.is_here("the tour survives what one breaks") {
        perform_beside_others(Browser::Firefox, LIMIT, everything_breaks).await;
    }
}

async fn everything_breaks(stage: &Stage) {
    let server = Server::start_with_demo().await;
    let tour = stage.tour().await;
    tour.load(&server.url("/index")).await;
    connected(&tour).await;
    nothing_is_broken_yet(&tour).await;
    connections_are_cut_and_frozen(&tour).await;
    handshakes_fail(&tour).await;
    traffic_suffers(&tour).await;
    the_network_is_gone(&tour).await;
    the_server_forgets(&tour).await;

    tour.press("[aria-labelledby='connection']", "Close").await;
    tour.until_says("#conversation .state", "Closed: ").await;
    let lost = tour.number(&format!("{BARE} tr:last-child td")).await;
    assert!(
        lost > 0,
        "the bare WebSocket loses: {}",
        tour.text(BARE).await
    );
}

async fn nothing_is_broken_yet(tour: &Tour) {
    // A word, its echo and its fate.
    tour.say("#text", "ahoy").await;
    tour.until_says("#conversation .lists", "acknowledged")
        .await;
    tour.until_says("#conversation .lists > div:last-child", "ahoy")
        .await;

    tour.press("#conversation", "Steady traffic, 5 a second")
        .await;
    goes_on(tour, "at first").await;
    tour.press("#conversation", "Send 1,000 at once").await;
    tour.until_says("#conversation", "1,000 messages acknowledged")
        .await;
    goes_on(tour, "after a burst").await;
    assert_eq!(bad(tour, BARE).await, 0, "{}", tour.text(BARE).await);
}

async fn connections_are_cut_and_frozen(tour: &Tour) {
    tour.press("#conversation", "Cut").await;
    goes_on(tour, "after a cut").await;
    tour.press("#conversation", "Half-open").await;
    // What a browser tells when the network is back: found at once instead of within 20 s.
    tour.run("dispatchEvent(new Event('online'))", &[]).await;
    goes_on(tour, "after a half-open connection").await;
}

async fn handshakes_fail(tour: &Tour) {
    for fault in [
        "Refuse WebSockets",
        "Black-hole WebSockets",
        "Open, say nothing",
    ] {
        turn_on(tour, fault).await;
        tour.press("#conversation", "Cut").await;
        tour.until(
            &format!("another carrier with {fault}"),
            "return /Connected by (long )?polling/.test(document.querySelector('#conversation .state').innerText)",
        )
        .await;
        goes_on(tour, fault).await;
        tour.press("#conversation", fault).await;
    }
}

async fn traffic_suffers(tour: &Tour) {
    for fault in [
        // On HTTP still: answers that a proxy keeps, loses and repeats.
        "Buffer polls 5 s",
        "Drop every 3rd answer",
        "Repeat every 2nd request",
        "Cut every 3 s",
        "Cut every 10 messages",
        "Delay 0.5 s",
    ] {
        turn_on(tour, fault).await;
        goes_on(tour, fault).await;
        tour.press("#conversation", fault).await;
    }
    tour.press("#conversation", "Stop all faults").await;
}

async fn the_network_is_gone(tour: &Tour) {
    tour.press("#conversation", "Go offline for 8 s").await;
    tour.until_says("#conversation", "You took the network away for 8 s")
        .await;
    goes_on(tour, "after being offline").await;
}

/// What is forgotten is reported, and not silently lost.
async fn the_server_forgets(tour: &Tour) {
    tour.press("#conversation", "Forget sessions").await;
    goes_on(tour, "after the sessions were forgotten").await;
    tour.press("#conversation", "Restart the server").await;
    goes_on(tour, "after a restart").await;
    let panel = "[aria-labelledby='verification']";
    tour.until_says(panel, "It counts tidewire from message")
        .await;
}

async fn connected(tour: &Tour) {
    tour.until_says("#conversation .state", "Connected by WebSocket")
        .await;
}

async fn turn_on(tour: &Tour, fault: &str) {
    tour.press("#conversation", fault).await;
    let script = format!(
        "return [...document.querySelectorAll('#conversation button[aria-pressed=true]')].some(each => each.textContent === {fault:?})"
    );
    tour.until(&format!("{fault} is on"), &script).await;
}

/// More echoes come back, in order, and nothing is wrong with any.
async fn goes_on(tour: &Tour, when: &str) {
    let echoes = format!("{TIDEWIRE} tr:last-child td:last-child");
    let before = tour.number(&echoes).await;
    let script = format!(
        "const count = document.querySelector({echoes:?}).innerText.replaceAll(',', ''); return parseInt(count) >= {}",
        before + 3
    );
    tour.until(&format!("echoes {when}"), &script).await;
    let table = tour.text(TIDEWIRE).await;
    assert_eq!(bad(tour, TIDEWIRE).await, 0, "{when}: {table}");
}

/// Figures that are not zero and should be.
async fn bad(tour: &Tour, client: &str) -> i64 {
    let script = "return document.querySelectorAll(arguments[0] + ' .bad').length";
    let bad = tour.run(script, &[client.into()]).await;
    bad.as_i64().expect("a number")
}
