//! The order `restart` of tidewire-echo: the same process on the same address, and nothing is left of before.
#![cfg(unix)]

mod support;

use std::time::{Duration, Instant};

use support::client::{TestClient, quick};
use support::echo::Echo;
use support::raw::{self, Heard, PATIENCE, RawSocket};
use tidewire_proto::Event;
use tokio::net::TcpStream;

/// Restarts a server and waits until it listens again.
async fn restart(mut echo: Echo) -> Echo {
    let (address, id) = (echo.address, echo.id());
    let answer = echo.post("/faults/restart", "").await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.text(), format!(r#"{{"address":"{address}"}}"#));
    let echo = tokio::task::spawn_blocking(move || {
        assert_eq!(echo.announced_again(), address);
        echo
    });
    let mut echo = echo.await.expect("it listens again");
    assert!(echo.try_wait().is_none());
    assert_eq!(echo.id(), id);
    echo
}

#[tokio::test]
async fn it_listens_on_the_same_address_and_sessions_are_lost() {
    let mut echo = Echo::start(&["--faults", "--ticker", "off"]);
    for _ in 0..3 {
        let mut clients = TestClient::one_of_each(echo.address).await;
        let mut plain = RawSocket::open(echo.address, "/message").await;
        echo.post("/broadcast", "before").await;
        echo = restart(echo).await;
        assert!(matches!(plain.hear_close().await, Heard::End), "no goodbye");
        for client in &mut clients {
            client
                .until(|event| matches!(event, Event::Lost { .. }).then_some(()))
                .await;
            client.send("after").await;
            assert_eq!(client.text().await, "after");
        }
        let list = echo.connections().await;
        let lines = list["connections"].as_array().expect("a list");
        assert!(lines.iter().all(|line| line["endpoint"] == "live"));
        assert!(echo.json("/news/latest").await["latest"].is_null());
    }
}

#[tokio::test]
async fn what_was_on_the_command_line_holds_and_what_was_ordered_does_not() {
    let echo = Echo::start(&["--faults", "--fault", "refuse-upgrades:status=429"]);
    echo.order("clear", "").await;
    echo.order("delay", r#"{"millis": 5}"#).await;
    let echo = restart(echo).await;
    let faults = echo.json("/faults").await;
    let active: Vec<_> = faults
        .as_array()
        .expect("a list")
        .iter()
        .filter(|line| !line["active"].is_null())
        .map(|line| line["fault"].as_str().expect("a name"))
        .collect();
    assert_eq!(active, ["refuse-upgrades"]);
}

#[tokio::test]
async fn it_comes_back_while_many_connect() {
    let mut echo = Echo::start(&["--faults"]);
    let address = echo.address;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = TestClient::connect(address, quick());
        client.connected().await;
        clients.push(client);
    }
    let crowd: Vec<_> = (0..8)
        .map(|_| {
            tokio::spawn(async move {
                loop {
                    // Refused, reset or open: all of that may be, and none of it may keep the server from its address.
                    if let Ok(stream) = TcpStream::connect(address).await {
                        drop(stream);
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for _ in 0..3 {
        echo = restart(echo).await;
    }
    for task in crowd {
        task.abort();
    }
    for client in &mut clients {
        // What was sent in a session that is lost is handed back, and is for the client to send again.
        let mut echoed = false;
        while !echoed {
            client.send("still here").await;
            echoed = client
                .until(|event| match event {
                    Event::Message { .. } => Some(true),
                    Event::Lost { .. } => Some(false),
                    _ => None,
                })
                .await;
        }
    }
}

#[tokio::test]
async fn it_restarts_where_nobody_reads_its_output() {
    let mut echo = Echo::start(&["--faults"]);
    echo.close_output();
    echo.post("/broadcast", "before").await;
    echo.order("restart", "").await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "it never came back");
        if TcpStream::connect(echo.address).await.is_ok()
            && let Some(answer) = raw::exchange(
                echo.address,
                b"GET /faults HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            )
            .await
        {
            assert_eq!(answer.status, 200);
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn it_is_refused_like_every_order() {
    let mut echo = Echo::start(&[]);
    assert_eq!(echo.post("/faults/restart", "").await.status, 403);
    let foreign = raw::post("/faults/restart", "Origin: https://evil.example\r\n", b"");
    let answer = raw::exchange(echo.address, &foreign).await;
    assert_eq!(answer.expect("an answer").status, 403);
    assert!(echo.try_wait().is_none());
}
