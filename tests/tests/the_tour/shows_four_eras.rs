//! Four eras of server push beside each other: each shows the same news by its own means, and at its own cost.

use std::time::Duration;

use tidewire_tests::{Browser, Server, Stage, Tour, perform_beside_others};

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn in_chromium() {
    perform_beside_others(Browser::Chromium, LIMIT, four_eras).await;
}

#[tokio::test]
async fn in_firefox() {
    if Browser::Firefox.is_here("the tour shows four eras") {
        perform_beside_others(Browser::Firefox, LIMIT, four_eras).await;
    }
}

async fn four_eras(stage: &Stage) {
    let server = Server::start_with_demo().await;
    let tour = stage.tour().await;
    tour.load(&server.url("/index")).await;
    those_that_listen_are_told_and_the_one_that_asks_is_answered(&tour).await;
    what_is_pushed_reaches_those_that_listen(&tour).await;
    costs_differ_as_history_says(&tour).await;
    a_shorter_interval_costs_more_at_once(&tour).await;
    told_beats_asked(&tour).await;
    a_held_picture_stands_still(&tour).await;
}

async fn those_that_listen_are_told_and_the_one_that_asks_is_answered(tour: &Tour) {
    for era in [2, 4] {
        reaches(tour, era, "messages", 3).await;
    }
    assert_eq!(messages(tour, 1).await, 0, "nothing arrives until one asks");
    tour.press("[data-era='1']", "Ask the server").await;
    tour.until_says(&figure(1, "messages"), "1 of ").await;
    assert_eq!(tour.number(&figure(1, "requests")).await, 1);
}

async fn what_is_pushed_reaches_those_that_listen(tour: &Tour) {
    let before = messages(tour, 4).await;
    push(tour).await;
    reaches(tour, 4, "messages", before + 1).await;
}

async fn costs_differ_as_history_says(tour: &Tour) {
    assert_eq!(tour.number(&figure(4, "requests")).await, 0);
    assert_eq!(tour.number(&figure(4, "connections")).await, 1);
    let held = tour.number(&figure(2, "requests")).await;
    assert!(held >= 2, "a held response ends with each item: {held}");
}

async fn a_shorter_interval_costs_more_at_once(tour: &Tour) {
    tour.slide("[data-era='3'] input", 0).await;
    tour.until_says("[data-era='3']", "every 0.5 s").await;
    let before = tour.number(&figure(3, "requests")).await;
    reaches(tour, 3, "requests", before + 4).await;
    reaches(tour, 3, "messages", 1).await;
}

async fn told_beats_asked(tour: &Tour) {
    let script = format!(
        "const age = place => {{ const text = document.querySelector(place).innerText; \
         return parseFloat(text.match(/[\\d.]+/)?.[0]) * (text.endsWith(' ms') ? 1 : 1000) }}; \
         return age({:?}) < age({:?})",
        figure(4, "age"),
        figure(3, "age")
    );
    tour.until("news by WebSocket are fresher than on a schedule", &script)
        .await;
}

/// While its era goes on.
async fn a_held_picture_stands_still(tour: &Tour) {
    tour.press("#eras", "Hold the picture").await;
    let shown = messages(tour, 4).await;
    let age = tour.text(&figure(4, "newest")).await;
    push(tour).await;
    assert_eq!(messages(tour, 4).await, shown);
    assert_eq!(tour.text(&figure(4, "newest")).await, age);
    tour.press("#eras", "Hold the picture").await;
    reaches(tour, 4, "messages", shown + 1).await;
}

async fn push(tour: &Tour) {
    tour.press("#eras", "Push now").await;
    tour.until_says("#eras .toolbar", "The server spoke to")
        .await;
}

fn figure(era: u8, name: &str) -> String {
    format!("[data-era='{era}'] [data-figure='{name}']")
}

async fn messages(tour: &Tour, era: u8) -> u64 {
    tour.number(&figure(era, "messages")).await
}

/// Waits until a figure is at least this.
async fn reaches(tour: &Tour, era: u8, name: &str, least: u64) {
    let script = format!(
        "return parseInt(document.querySelector({:?}).innerText) >= {least}",
        figure(era, name)
    );
    tour.until(&format!("era {era}: {least} {name}"), &script)
        .await;
}
