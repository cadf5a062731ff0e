//! The program `tidewire-gateway`: its command line, its file, its metrics, and how it stops.

mod support;

use std::path::PathBuf;

use support::backend::Backend;
use support::client::{TestClient, quick};
use support::program::{Program, command};
use support::{plain, raw};

fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

async fn get(address: std::net::SocketAddr, path: &str) -> raw::Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    raw::exchange(address, request.as_bytes())
        .await
        .expect("an answer")
}

#[tokio::test]
async fn one_backend_needs_one_flag() {
    let mut backend = Backend::start(&[]).await;
    let mut gateway = Program::start(&[
        "--backend",
        &format!("ws://{}/live", backend.address),
        "--drain",
        "50ms",
    ]);
    let client = TestClient::connect(gateway.address, quick());
    let mut visit = backend.visit().await;
    assert_eq!(visit.head.uri(), "/live");
    client.send("hello").await;
    assert_eq!(visit.text().await, "hello");

    let stopped = tokio::spawn(async move { (gateway.stop().await, gateway) });
    assert_eq!(visit.closed().await.map(|(code, _)| code), Some(1001));
    drop(visit);
    let (status, _gateway) = stopped.await.expect("no panic");
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn pages_of_this_machine_may_connect_to_a_loopback_address_and_others_not() {
    let backend = Backend::start(&["one"]).await;
    let url = format!("ws://{}/", backend.address);
    let gateway = Program::start(&["--backend", &url, "--allow-origin", "https://app.test"]);
    for (host, origin, status) in [
        ("localhost", "http://localhost:3000", 101),
        ("127.0.0.1", "https://app.test", 101),
        ("localhost", "https://evil.test", 403),
        ("evil.test", "http://evil.test", 421),
    ] {
        let headers = format!("Origin: {origin}\r\nSec-WebSocket-Protocol: one\r\n");
        let request = String::from_utf8(raw::handshake("/", &headers)).expect("text");
        let request = request.replace("Host: localhost", &format!("Host: {host}"));
        let answer = raw::exchange(gateway.address, request.as_bytes()).await;
        assert_eq!(answer.expect("an answer").status, status, "{origin}");
    }
}

#[tokio::test]
async fn a_file_names_routes_and_the_rest() {
    let (mut chat, mut feed) = (
        Backend::start(&["one"]).await,
        Backend::start(&["one"]).await,
    );
    let config = file(
        "routes.toml",
        &format!(
            r#"
            metrics = "127.0.0.1:0"
            drain = "1s"
            origins = ["https://app.example"]
            hosts = ["localhost", "127.0.0.1"]
            trusted_proxies = ["127.0.0.0/8"]

            [limits]
            sessions = 100
            plain_per_address = 1
            message_bytes = 100000
            plain_after = "50ms"

            [[routes]]
            path = "/chat"
            backend = "ws://{}/ws"
            forward_headers = ["Cookie", "X-Request-Id"]
            forward_cookies = ["sid"]
            preserve_host = true

            [[routes]]
            backend = "ws://{}/feed"
            "#,
            chat.address, feed.address
        ),
    );
    let mut gateway = Program::start(&["--config", &config]);
    let metrics = gateway.line();
    let metrics = metrics
        .trim()
        .strip_prefix("metrics on http://")
        .expect(&metrics);
    let metrics = metrics
        .trim_end_matches("/metrics")
        .parse()
        .expect("an address");

    let headers = "Sec-WebSocket-Protocol: one\r\nCookie: sid=1; tracker=2\r\nX-Request-Id: 7\r\n\
                   Authorization: Bearer x\r\nX-Forwarded-For: 192.0.2.1\r\n";
    let request = raw::handshake("/chat/room?x=1", headers);
    assert_eq!(
        raw::exchange(gateway.address, &request)
            .await
            .expect("an answer")
            .status,
        101
    );
    let visit = chat.visit().await;
    assert_eq!(visit.head.uri(), "/ws/room?x=1");
    assert_eq!(visit.header("cookie"), Some("sid=1"));
    assert_eq!(visit.header("x-request-id"), Some("7"));
    assert_eq!(visit.header("host"), Some("localhost"));
    assert_eq!(visit.header("authorization"), None);
    assert_eq!(
        visit.header("x-forwarded-for"),
        Some("192.0.2.1, 127.0.0.1")
    );

    let (_socket, _) = plain(gateway.address, "/feed", "one").await.expect("open");
    assert_eq!(feed.visit().await.head.uri(), "/feed");

    assert_eq!(get(metrics, "/health").await.text(), "ok\n");
    let page = get(metrics, "/metrics").await;
    assert_eq!(
        page.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let page = page.text();
    assert!(
        page.contains("\ntidewire_gateway_dials_total{outcome=\"opened\"} 2\n"),
        "{page}"
    );
    // Each metric is said what it is, and each line is one of a known form.
    for line in page.lines() {
        let mut words = line.split(' ');
        match words.next() {
            Some("#") => assert!(matches!(words.next(), Some("HELP" | "TYPE")), "{line}"),
            Some(name) => {
                assert!(name.starts_with("tidewire_gateway_"), "{line}");
                let family = name.split('{').next().expect("a name");
                assert!(page.contains(&format!("# TYPE {family} ")), "{line}");
                assert!(
                    words
                        .next()
                        .is_some_and(|value| value.parse::<u64>().is_ok()),
                    "{line}"
                );
            }
            None => panic!("an empty line"),
        }
    }
    // What watches is not for clients.
    assert_eq!(get(gateway.address, "/metrics").await.status, 404);
}

#[test]
fn the_help_names_each_flag() {
    let out = command().arg("--help").output().expect("start");
    assert!(out.status.success());
    let help = String::from_utf8(out.stdout).expect("text");
    for flag in [
        "--listen",
        "--backend",
        "--config",
        "--metrics",
        "--allow-origin",
        "--drain",
        "--log",
    ] {
        assert!(help.contains(flag), "{flag}");
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let unknown = file(
        "unknown.toml",
        "[[routes]]\nbackend = \"ws://a.test/\"\nbakend = 1\n",
    );
    let time = file("time.toml", "drain = \"soon\"\n");
    let hop = file(
        "hop.toml",
        "[[routes]]\nbackend = \"ws://a.test/\"\nforward_headers = [\"Upgrade\"]\n",
    );
    for (arguments, status, says) in [
        (&[][..], 2, "--backend"),
        (&["--backend", "http://a.test"], 1, "ws://"),
        (&["--config", "/no/such/file"], 1, "/no/such/file"),
        (&["--config", &unknown], 1, "bakend"),
        (&["--config", &time], 1, "soon"),
        (&["--config", &hop], 1, "`upgrade`"),
        (
            &["--backend", "ws://a.test", "--config", &hop],
            2,
            "--config",
        ),
        (
            &["--backend", "ws://a.test", "--listen", "256.0.0.1:1"],
            1,
            "--listen",
        ),
        (
            &["--backend", "ws://a.test", "--allow-origin", "app"],
            1,
            "`app`",
        ),
        (&["--backend", "ws://a.test", "--log", "=,="], 2, "--log"),
    ] {
        let out = command().args(arguments).output().expect("start");
        assert_eq!(out.status.code(), Some(status), "{arguments:?}");
        let said = String::from_utf8(out.stderr).expect("text");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}
