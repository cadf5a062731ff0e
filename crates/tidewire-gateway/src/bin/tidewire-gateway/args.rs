//! The command line, and the settings that follow from it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use tidewire_gateway::{ConfigError, Route, Settings};

/// Ends tidewire sessions in front of a plain WebSocket server, and passes plain WebSockets through.
#[derive(Clone, Debug, Parser)]
#[command(name = "tidewire-gateway", version)]
pub(crate) struct Args {
    /// Address to listen on; port 0 takes a free one. The first line on standard output tells it. On a loopback address pages of
    /// this machine may connect, under its loopback names alone [default: 127.0.0.1:5001]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,

    /// The server behind the gateway, as ws://127.0.0.1:1234/path or wss://...: requests to that path, and below it, go there.
    /// Repeatable.
    #[arg(
        long,
        value_name = "URL",
        required_unless_present = "config",
        conflicts_with = "config"
    )]
    backend: Vec<String>,

    /// A TOML file with routes, origins, limits and all that is above and below. Among the limits are `sessions` and `plain`, the
    /// tidewire sessions and the plain WebSockets in all [default: 10,000 each], and `sessions_per_address` and
    /// `plain_per_address`, those of one client address [default: 100 each].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Address for /metrics and /health, which no client should reach.
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<String>,

    /// Another origin whose pages may connect, such as `https://app.example`. Repeatable.
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    allow_origin: Vec<String>,

    /// Time that clients have to leave once the program is asked to stop [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    drain: Option<Duration>,

    /// What to log: a level, or directives as `tidewire_gateway=debug`.
    #[arg(
        long,
        default_value = "info",
        env = "TIDEWIRE_LOG",
        value_name = "FILTER"
    )]
    pub(crate) log: String,
}

impl Args {
    /// The file's settings, where there is one, with those of the command line over them.
    pub(crate) fn settings(&self) -> Result<Settings, ConfigError> {
        let mut settings = match &self.config {
            Some(path) => Settings::read(path)?,
            None => Settings::default(),
        };
        if let Some(listen) = &self.listen {
            settings.listen.clone_from(listen);
        }
        if let Some(metrics) = &self.metrics {
            settings.metrics = Some(metrics.clone());
        }
        if let Some(drain) = self.drain {
            settings.drain = drain;
        }
        let gateway = &mut settings.gateway;
        for backend in &self.backend {
            gateway.routes.push(Route::to(backend)?);
        }
        for origin in &self.allow_origin {
            let origins = gateway.origins.clone().and(origin);
            gateway.origins = origins.map_err(|_| ConfigError::Origin(origin.clone()))?;
        }
        if is_loopback(&settings.listen) {
            gateway.origins = gateway.origins.clone().and_loopback();
            if gateway.hosts.is_empty() {
                // Under another name a page could reach it as its own origin (DNS rebinding).
                gateway.hosts = ["127.0.0.1", "localhost", "[::1]"]
                    .map(str::to_owned)
                    .into();
            }
        }
        Ok(settings)
    }
}

fn is_loopback(listen: &str) -> bool {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}
