//! The gateway as a program. `docs/GATEWAY.md` tells how to use it.

mod args;

use std::future::pending;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use axum::serve::Listener as _;
use clap::Parser;
use tidewire_gateway::Gateway;
use tidewire_server::{ServeConfig, StopSignals, Tcp, serve};
use tracing_subscriber::EnvFilter;

use crate::args::Args;

/// Time that connections have to close at the very end, beside what their backends have.
const FAREWELL: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let filter = match EnvFilter::try_new(&args.log) {
        Ok(filter) => filter,
        Err(error) => {
            eprintln!("tidewire-gateway: --log {}: {error}", args.log);
            return ExitCode::from(2);
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidewire-gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let mut signals = StopSignals::listen()?;
    let settings = args.settings()?;
    let serve_config = settings.gateway.limits.serve();
    // A page may be closing, and then the connection ends.
    let farewell = FAREWELL + 2 * settings.gateway.limits.backend_close;
    let gateway = Gateway::new(settings.gateway)?;
    let (listener, address) = listen(&settings.listen, "--listen").await?;
    announce(&format!("listening on http://{address}"))?;
    if let Some(metrics) = &settings.metrics {
        let (listener, address) = listen(metrics, "--metrics").await?;
        announce(&format!("metrics on http://{address}/metrics"))?;
        let mut config = ServeConfig::default();
        config.max_connections = 64;
        tokio::spawn(serve(listener, gateway.admin_router(), config, pending()));
    }
    let sessions = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.run().await }
    });
    let stop = async {
        signals.next().await;
        tracing::info!(drain = ?settings.drain, "stopping; a second signal stops at once");
        // From here on the next signal takes the short way out.
        tokio::spawn(async move {
            signals.next().await;
            std::process::exit(130);
        });
        gateway.drain(settings.drain / 2);
        // Whoever is left after that is sent away.
        let _ = tokio::time::timeout(settings.drain, gateway.idle()).await;
        if tokio::time::timeout(farewell, gateway.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("some connections did not end in time");
        }
    };
    serve(listener, gateway.router(), serve_config, stop).await;
    sessions.await?;
    Ok(())
}

async fn listen(address: &str, flag: &str) -> Result<(Tcp, SocketAddr), String> {
    let cannot = |error| format!("cannot listen on {address}: {error}; choose another with {flag}");
    let listener = Tcp::bind(address).await.map_err(cannot)?;
    let bound = listener.local_addr().map_err(cannot)?;
    Ok((listener, bound))
}

/// Whoever started the program reads its addresses from here.
fn announce(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush())
}
