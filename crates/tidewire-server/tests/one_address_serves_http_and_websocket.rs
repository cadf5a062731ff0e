//! `/message` of tidewire-echo: an upgrade is echoed, and a plain GET is told what it speaks.

mod support;

use support::echo::Echo;
use support::raw::{self, Heard, RawSocket};

#[tokio::test]
async fn a_plain_get_is_told_that_it_speaks_http() {
    let echo = Echo::start(&[]);
    let answer = echo.get("/message", "").await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, "You are using http protocol now.")
    );
}

#[tokio::test]
async fn an_upgrade_is_echoed_as_text_and_as_binary() {
    let echo = Echo::start(&[]);
    let mut socket = RawSocket::open(echo.address, "/message").await;
    socket.frame(0x81, b"hello").await;
    assert_eq!(socket.hear().await, Heard::Binary(b"hello".to_vec()));
    socket.frame(0x82, &[0, 159, 146, 150]).await;
    assert_eq!(socket.hear().await, Heard::Binary(vec![0, 159, 146, 150]));
}

#[tokio::test]
async fn other_methods_and_foreign_pages_are_refused() {
    let echo = Echo::start(&[]);
    assert_eq!(echo.post("/message", "x").await.status, 405);
    let foreign = raw::handshake("/message", "Origin: https://evil.example\r\n");
    assert_eq!(
        raw::exchange(echo.address, &foreign)
            .await
            .expect("an answer")
            .status,
        403
    );
    let loopback = raw::handshake("/message", "Origin: http://127.0.0.1:8080\r\n");
    assert_eq!(
        raw::exchange(echo.address, &loopback)
            .await
            .expect("an answer")
            .status,
        101
    );
}

#[tokio::test]
async fn the_index_leads_to_the_page_or_says_how_to_get_one() {
    let echo = Echo::start(&[]);
    let answer = echo.get("/", "").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (307, Some("/index"))
    );
    assert!(
        echo.get("/index", "")
            .await
            .text()
            .contains("cargo xtask demo")
    );
}
