//! CORS: closed by default; open to exactly the pages that are listed; credentials never for everybody.

mod support;

use support::echo::Echo;
use support::raw::{self, Answer, hello, packet, post};
use support::{Server, echo_session};
use tidewire_proto::wire::HelloMode;
use tidewire_server::{Hub, HubBuilder, Origins};

async fn server(builder: HubBuilder) -> Server {
    Server::start(builder, echo_session).await
}

async fn ask(server: &Server, origin: &str) -> Answer {
    let body = packet(&hello(1, HelloMode::Poll), |_| {});
    let request = post("/live", &format!("Origin: {origin}\r\n"), &body);
    raw::exchange(server.address, &request)
        .await
        .expect("an answer")
}

async fn preflight(server: &Server, origin: &str) -> Answer {
    let request = format!(
        "OPTIONS /live HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\n\r\n"
    );
    raw::exchange(server.address, request.as_bytes())
        .await
        .expect("an answer")
}

const ALLOW: &str = "access-control-allow-origin";
const CREDENTIALS: &str = "access-control-allow-credentials";

#[tokio::test]
async fn by_default_only_pages_of_the_same_origin() {
    let server = server(Hub::builder()).await;
    let same = ask(&server, "http://localhost").await;
    assert_eq!((same.status, same.header(ALLOW)), (200, None));
    let other = ask(&server, "https://app.example").await;
    assert_eq!((other.status, other.header(ALLOW)), (403, None));
    assert_eq!(preflight(&server, "http://localhost").await.status, 405);
    assert_eq!(preflight(&server, "https://app.example").await.status, 403);
}

#[tokio::test]
async fn listed_pages_are_named_in_the_answer_and_others_are_not() {
    let origins = Origins::same()
        .and("https://app.example")
        .expect("an origin");
    let server = server(Hub::builder().origins(origins).allow_credentials()).await;
    let listed = ask(&server, "https://app.example").await;
    assert_eq!(
        (listed.status, listed.header(ALLOW)),
        (200, Some("https://app.example"))
    );
    assert_eq!(listed.header(CREDENTIALS), Some("true"));
    assert_eq!(listed.header("vary"), Some("Origin"));
    let preflighted = preflight(&server, "https://app.example").await;
    assert_eq!(
        (preflighted.status, preflighted.header(ALLOW)),
        (204, Some("https://app.example"))
    );
    let other = ask(&server, "https://evil.example").await;
    assert_eq!(
        (other.status, other.header(ALLOW), other.header(CREDENTIALS)),
        (403, None, None)
    );
    assert_eq!(server.hub.metrics().created, 1);
}

#[tokio::test]
async fn everybody_may_come_without_credentials_only() {
    assert!(
        Hub::builder()
            .origins(Origins::any())
            .allow_credentials()
            .build()
            .is_err()
    );
    let server = server(Hub::builder().origins(Origins::any())).await;
    let anybody = ask(&server, "https://any.example").await;
    assert_eq!(
        (anybody.status, anybody.header(ALLOW)),
        (200, Some("https://any.example"))
    );
    assert_eq!(anybody.header(CREDENTIALS), None);
}

#[tokio::test]
async fn the_echo_tells_pages_of_this_machine_and_no_others() {
    let echo = Echo::start(&["--ticker", "off"]);
    echo.get("/message?watch=known", "").await;
    for path in [
        "/connections",
        "/message",
        "/news/latest",
        "/openings/known",
    ] {
        let own = echo.get(path, "Origin: http://localhost:8080\r\n").await;
        assert_eq!(
            (own.status, own.header(ALLOW), own.header("cache-control")),
            (200, Some("http://localhost:8080"), Some("no-store")),
            "{path}"
        );
        let other = echo.get(path, "Origin: https://evil.example\r\n").await;
        assert_eq!((other.status, other.header(ALLOW)), (403, None), "{path}");
    }
    for path in ["/connections/live", "/news"] {
        let foreign = raw::handshake(path, "Origin: https://evil.example\r\n");
        let answer = raw::exchange(echo.address, &foreign).await;
        assert_eq!(answer.expect("an answer").status, 403, "{path}");
    }
}
