//! A real restart: the process becomes a new one of the same program on the same address, and knows nothing of before.

use std::io;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tidewire_server::Tcp;
use tokio::time::Instant;

use crate::app::App;

/// Tells a process that it follows another one on its address.
const RESTARTED: &str = "TIDEWIRE_ECHO_RESTARTED";
/// Time that a restarted server tries to get its address back. The system may have given it away in the meantime, for as
/// long as one connection lasts.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time that the answer to the order has to leave.
#[cfg(unix)]
const ANSWER: Duration = Duration::from_millis(100);

/// Listens; a restarted server insists on its address for a while.
pub(crate) async fn bind(listen: &str) -> io::Result<Tcp> {
    let patience = match std::env::var_os(RESTARTED) {
        Some(_) => PATIENCE,
        None => Duration::ZERO,
    };
    let deadline = Instant::now() + patience;
    loop {
        match Tcp::bind(listen).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done,
        }
    }
}

/// Restarts as soon as the answer has left: like a crash, without a word to anybody.
#[cfg(unix)]
pub(crate) fn order(app: &App) -> Response {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    let address = app.settings.address.get();
    let program = std::env::current_exe().and_then(|program| program.metadata().map(|_| program));
    let (address, program) = match (address, program) {
        (Some(address), Ok(program)) => (*address, program),
        (None, _) => {
            let reason = "restart: the server does not listen yet; ask again\n";
            return (StatusCode::SERVICE_UNAVAILABLE, reason).into_response();
        }
        (_, Err(error)) => {
            let reason = format!(
                "restart: the program is no longer where it was ({error}); start the server again by hand\n"
            );
            return (StatusCode::INTERNAL_SERVER_ERROR, reason).into_response();
        }
    };
    let listen = same_port(&app.settings.args.listen, address.port());
    let mut command = Command::new(program);
    command
        .args(arguments(std::env::args_os().skip(1), &listen))
        .env(RESTARTED, "1");
    tokio::spawn(async move {
        tokio::time::sleep(ANSWER).await;
        tracing::warn!("restarting, as ordered");
        // All other descriptors close at that moment, and with them every connection.
        let error = command.exec();
        tracing::error!(%error, "the restart failed; this process goes on");
    });
    let answer = serde_json::json!({ "address": address });
    (StatusCode::ACCEPTED, axum::Json(answer)).into_response()
}

#[cfg(not(unix))]
pub(crate) fn order(_: &App) -> Response {
    let reason = "restart: a process cannot become another one on this system; stop the server and start it again\n";
    (StatusCode::NOT_IMPLEMENTED, reason).into_response()
}

/// The same host, whose name requests may use, with the port that is in use: 0 would take another one.
#[cfg(unix)]
fn same_port(listen: &str, port: u16) -> String {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    format!("{host}:{port}")
}

/// These arguments with another address to listen on.
#[cfg(unix)]
fn arguments(
    given: impl Iterator<Item = std::ffi::OsString>,
    listen: &str,
) -> Vec<std::ffi::OsString> {
    let mut arguments = vec!["--listen".into(), listen.into()];
    let mut given = given;
    while let Some(argument) = given.next() {
        if argument == "--listen" {
            // The value behind it.
            given.next();
        } else if !argument.as_encoded_bytes().starts_with(b"--listen=") {
            arguments.push(argument);
        }
    }
    arguments
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_replaced_and_the_rest_stays() {
        for given in [
            vec!["--faults", "--listen", "localhost:0", "--log", "warn"],
            vec!["--faults", "--log", "warn", "--listen=localhost:0"],
            vec!["--faults", "--log", "warn"],
        ] {
            let given = given.into_iter().map(Into::into);
            let listen = same_port("localhost:0", 4711);
            let expected = ["--listen", "localhost:4711", "--faults", "--log", "warn"];
            assert_eq!(arguments(given, &listen), expected);
        }
    }

    #[test]
    fn the_host_is_kept_as_it_was_given() {
        assert_eq!(same_port("[::1]:0", 5), "[::1]:5");
        assert_eq!(same_port("127.0.0.1:5000", 5000), "127.0.0.1:5000");
    }
}
