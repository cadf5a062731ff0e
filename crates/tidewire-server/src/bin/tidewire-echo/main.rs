//! A small server that echoes: on `/message` to any WebSocket, on `/live` to tidewire clients on every transport.
//!
//! It also has news of its own on `/news`, lists who is connected, broadcasts to all of them, serves the demo page, and can
//! be told to misbehave.

mod app;
mod args;
mod board;
mod clock;
mod connections;
mod faults;
mod guestbook;
mod head;
mod live;
mod message;
mod news;
mod numbers;
mod openings;
mod page;
mod restart;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use axum::serve::Listener as _;
use clap::Parser;
use tidewire_server::{ServeConfig, StopSignals, serve};
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::args::Args;
use crate::faults::FaultyListener;

/// Time that clients have to move once the server is asked to stop.
const DRAIN: Duration = Duration::from_millis(500);
/// Time that sockets have to close after that.
const FAREWELL: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let filter = match EnvFilter::try_new(&args.log) {
        Ok(filter) => filter,
        Err(error) => {
            eprintln!("tidewire-echo: --log {}: {error}", args.log);
            return ExitCode::from(2);
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidewire-echo: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let mut signals = StopSignals::listen()?;
    let app = App::new(&args)?;
    let listener = restart::bind(&args.listen).await.map_err(|error| {
        format!(
            "cannot listen on {}: {error}; choose another with --listen",
            args.listen
        )
    })?;
    let address = listener.local_addr()?;
    app.settings.address.get_or_init(|| address);
    announce(&format!("listening on http://{address}"));

    app.start();
    let mut config = ServeConfig::default();
    config.stop_timeout = Duration::from_secs(2);
    let listener = FaultyListener::new(listener, &app.faults);
    let stop = async {
        signals.next().await;
        tracing::info!("stopping; a second signal stops at once");
        // From here on the next signal takes the short way out.
        tokio::spawn(async move {
            signals.next().await;
            std::process::exit(130);
        });
        app.drain(DRAIN / 2);
        tokio::time::sleep(DRAIN).await;
        if tokio::time::timeout(FAREWELL, app.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("some clients did not say goodbye");
        }
    };
    serve(listener, app.router(), config, stop).await;
    Ok(())
}

/// Whoever started the server reads its address from here.
fn announce(line: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        // Who started it may have stopped to read by the time that it restarts.
        tracing::warn!(%error, "nobody reads that this server is {line}");
    }
}
