//! A page that reaches the echo server under a foreign name (DNS rebinding) gets nothing, on no address.

mod support;

use support::echo::Echo;
use support::raw;

const ADDRESSES: [(&str, &str); 7] = [
    ("GET", "/connections"),
    ("GET", "/faults"),
    ("GET", "/message"),
    ("GET", "/news/latest"),
    ("GET", "/openings/known"),
    ("POST", "/broadcast"),
    ("POST", "/faults/clear"),
];

const ENDPOINTS: [&str; 4] = ["/connections/live", "/live", "/message", "/news"];

async fn status(echo: &Echo, method: &str, path: &str, host: &str) -> u16 {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
    let answer = raw::exchange(echo.address, request.as_bytes()).await;
    answer.expect("an answer").status
}

async fn handshake(echo: &Echo, path: &str, host: &str) -> u16 {
    let request = String::from_utf8(raw::handshake(path, "")).expect("text");
    let request = request.replace("Host: localhost", &format!("Host: {host}"));
    let answer = raw::exchange(echo.address, request.as_bytes()).await;
    answer.expect("an answer").status
}

#[tokio::test]
async fn foreign_names_are_refused() {
    let echo = Echo::start(&["--faults"]);
    for host in [
        "evil.example",
        "evil.example:5000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
    ] {
        for (method, path) in ADDRESSES {
            let status = status(&echo, method, path, host).await;
            assert_eq!(status, 421, "{method} {path} for {host:?}");
        }
        for path in ENDPOINTS {
            assert_eq!(handshake(&echo, path, host).await, 421, "{path}, {host:?}");
        }
    }
}

#[tokio::test]
async fn its_own_names_are_taken_on_any_port() {
    let echo = Echo::start(&["--faults", "--allow-host", "App.example"]);
    echo.get("/message?watch=known", "").await;
    for host in [
        "127.0.0.1",
        "127.0.0.1:8080",
        "LocalHost:8080",
        "[::1]:5000",
        "app.example",
    ] {
        for (method, path) in ADDRESSES {
            let status = status(&echo, method, path, host).await;
            assert!(matches!(status, 200 | 204), "{method} {path} for {host}");
        }
        for path in ENDPOINTS {
            assert_eq!(handshake(&echo, path, host).await, 101, "{path}, {host}");
        }
    }
}
