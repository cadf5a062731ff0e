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

    // Those that are told are told; the one that must ask is not.
    for era in [2, 4] {
        tour.until(
            &format!("era {era} is told of three items"),
            &format!(
                "return parseInt(document.querySelector({:?}).innerText) >= 3",
                figure(era, "messages")
            ),
        )
        .await;
    }
    assert_eq!(
        messages(&tour, 1).await,
        0,
        "nothing arrives until one asks"
    );
    tour.press("[data-era='1']", "Ask the server").await;
    tour.until_says(&figure(1, "messages"), "1 of ").await;
    assert_eq!(tour.number(&figure(1, "requests")).await, 1);

    // What is pushed from this page reaches those that listen.
    let before = messages(&tour, 4).await;
    tour.press("#eras", "Push now").await;
    tour.until_says("#eras .toolbar", "The server spoke to")
        .await;
    tour.until(
        "what was pushed arrives",
        &format!(
            "return parseInt(document.querySelector({:?}).innerText) > {before}",
            figure(4, "messages")
        ),
    )
    .await;

    // The costs differ as history says.
    assert_eq!(tour.number(&figure(4, "requests")).await, 0);
    assert_eq!(tour.number(&figure(4, "connections")).await, 1);
    let held = tour.number(&figure(2, "requests")).await;
    assert!(held >= 2, "a held response ends with each item: {held}");

    // A shorter interval costs more requests at once.
    tour.slide("[data-era='3'] input", 0).await;
    tour.until_says("[data-era='3']", "every 0.5 s").await;
    let before = tour.number(&figure(3, "requests")).await;
    tour.until(
        "the schedule is kept",
        &format!(
            "return parseInt(document.querySelector({:?}).innerText) >= {}",
            figure(3, "requests"),
            before + 4
        ),
    )
    .await;
    assert!(messages(&tour, 3).await > 0);

    // Told beats asked: the age of what is shown.
    let age = async |era| {
        tour.run(
            "const text = document.querySelector(arguments[0]).innerText; \
         const number = parseFloat(text); return text.endsWith(' ms') ? number : number * 1000",
            &[figure(era, "age").into()],
        )
        .await
        .as_f64()
        .expect("an age")
    };
    let (scheduled, told) = (age(3).await, age(4).await);
    assert!(
        told < scheduled,
        "WebSocket {told} ms, schedule {scheduled} ms"
    );

    // A held picture stands still while its era goes on.
    tour.press("#eras", "Hold the picture").await;
    let shown = messages(&tour, 4).await;
    let made = tour.number(&figure(4, "newest")).await;
    tour.press("#eras", "Push now").await;
    tour.until_says("#eras .toolbar", "The server spoke to")
        .await;
    assert_eq!(messages(&tour, 4).await, shown);
    assert_eq!(tour.number(&figure(4, "newest")).await, made);
    tour.press("#eras", "Hold the picture").await;
    tour.until(
        "it goes on",
        &format!(
            "return parseInt(document.querySelector({:?}).innerText) > {shown}",
            figure(4, "messages")
        ),
    )
    .await;
}

fn figure(era: u8, name: &str) -> String {
    format!("[data-era='{era}'] [data-figure='{name}']")
}

async fn messages(tour: &Tour, era: u8) -> u64 {
    tour.number(&figure(era, "messages")).await
}
