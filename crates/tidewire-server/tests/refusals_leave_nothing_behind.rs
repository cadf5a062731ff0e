//! After thousands of refusals the server is as it was: no session, no task and no descriptor more.
//!
//! Alone in its file, since descriptors are counted for the whole process.
#![cfg(target_os = "linux")]

mod support;

use support::bad::{bad_openings, rekeyed};
use support::raw::{self, Heard, RawSocket, post};
use support::{Server, echo_session, eventually};
use tidewire_proto::wire::HelloMode;
use tidewire_server::{Hub, HubConfig};

#[tokio::test]
async fn sessions_tasks_and_descriptors_are_given_back() {
    let mut config = HubConfig::default();
    config.max_sessions_per_address = 10_000;
    let server = Server::start(Hub::builder().config(config), echo_session).await;
    let descriptors = || std::fs::read_dir("/proc/self/fd").expect("a list").count();
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = (descriptors(), tasks());
    // Not the floods: they cost seconds and leave no more behind.
    let rows: Vec<_> = bad_openings()
        .into_iter()
        .filter(|row| !matches!(row.3, "rate" | "window"))
        .collect();
    for (key, (_, opening, ..)) in (0_u16..2_000).zip(rows.iter().cycle()) {
        let body = rekeyed(opening(HelloMode::Poll), 2 * key);
        let answer = raw::exchange(server.address, &post("/live", "", &body)).await;
        assert!(answer.expect("an answer").status >= 400);
        let mut socket = RawSocket::open(server.address, "/live").await;
        socket
            .binary(&rekeyed(opening(HelloMode::Socket), 2 * key + 1))
            .await;
        assert!(matches!(socket.hear_close().await, Heard::Close { .. }));
    }
    eventually("the sessions are gone", || {
        server.hub.metrics().sessions == 0
    })
    .await;
    eventually("the tasks are gone", || tasks() <= before.1).await;
    eventually("the descriptors are closed", || descriptors() <= before.0).await;
}
