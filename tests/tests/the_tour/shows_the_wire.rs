//! HTTP and WebSocket on one address, and WebSocket on a bare socket: what is shown is what went over the wire.

use std::time::Duration;

use tidewire_tests::{Browser, Principle, Server, Stage, perform_beside_others};

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn of_both_protocols() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage: &Stage| {
        let server = Server::start_with_demo().await;
        let tour = stage.tour().await;
        tour.load(&server.url("/index")).await;

        let http = "[aria-labelledby='over-http']";
        tour.press(http, "Fetch /message").await;
        tour.until_says(http, "You are using http protocol now.")
            .await;
        tour.until_says(http, "HTTP/1.1 200 OK").await;
        assert!(
            !tour
                .text(http)
                .await
                .to_lowercase()
                .contains("upgrade: websocket")
        );

        let socket = "[aria-labelledby='over-websocket']";
        tour.press(socket, "Upgrade /message").await;
        tour.until_says(socket, "HTTP/1.1 101 Switching Protocols")
            .await;
        let shown = tour.text(socket).await.to_lowercase();
        for header in [
            "upgrade: websocket",
            "sec-websocket-key: ",
            "sec-websocket-accept: ",
        ] {
            assert!(shown.contains(header), "{header} in {shown}");
        }
        tour.say("#echo-text", "both ways").await;
        tour.until_says(socket, "“both ways” after").await;
        tour.until_says(socket, "15 B there and 11 B back").await;

        // What somebody pushes is not taken for an echo.
        tour.press("#eras", "Push now").await;
        tour.until_says(socket, "“pushed by a visitor”, pushed")
            .await;
        tour.until_says(socket, "15 B there and 11 B back").await;
    })
    .await;
}

#[tokio::test]
async fn of_the_bare_socket_in_chromium() {
    perform_beside_others(Browser::Chromium, LIMIT, bare_socket).await;
}

#[tokio::test]
async fn of_the_bare_socket_in_firefox() {
    if Browser::Firefox.is_here("the tour shows the bare socket") {
        perform_beside_others(Browser::Firefox, LIMIT, bare_socket).await;
    }
}

async fn bare_socket(stage: &Stage) {
    let (server, principle) = (Server::start_with_demo().await, Principle::start().await);
    let tour = stage.tour().await;
    tour.load(&server.url(&format!("/index?principle={}", principle.port())))
        .await;
    tour.press(
        "#principle",
        &format!("Connect to 127.0.0.1:{}", principle.port()),
    )
    .await;
    tour.until_says("#principle", "Sec-WebSocket-Accept").await;
    tour.until_says(
        "#principle [data-figure='accept']",
        "The same as in the answer",
    )
    .await;

    tour.say("#principle-text", "Grüße").await;
    tour.until_says("#principle .frames", "text, from the server")
        .await;
    let sent = tour.text("#principle [data-from='page']").await;
    assert!(
        sent.contains("“Grüße”") && sent.contains("masked"),
        "{sent}"
    );
    let back = tour.text("#principle [data-from='server']").await;
    assert!(
        back.contains("47 72 c3 bc c3 9f 65") && back.contains("7 B of payload"),
        "{back}"
    );

    // Longer lengths, as RFC 6455 writes them.
    let long = "a".repeat(300);
    tour.say("#principle-text", &long).await;
    tour.until_says("#principle .frames", "in the next 2 bytes")
        .await;

    tour.press("#principle", "Close").await;
    tour.until_says("#principle", "Closed: ").await;
    tour.until_says("#principle .frames", "close, from this page")
        .await;
}

#[tokio::test]
async fn or_says_how_to_start_what_does_not_run() {
    perform_beside_others(Browser::Chromium, LIMIT, async |stage: &Stage| {
        let server = Server::start_with_demo().await;
        let tour = stage.tour().await;
        // Port 9 is discard's, which nobody runs.
        tour.load(&server.url("/index?principle=9")).await;
        tour.press("#principle", "Connect to 127.0.0.1:9").await;
        tour.until_says(
            "#principle .notice",
            "cargo run -p tidewire-server --bin tidewire-principle",
        )
        .await;
    })
    .await;
}
