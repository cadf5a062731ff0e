//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::faults::FaultFlag;

/// An echo server for tidewire clients and for plain WebSockets.
#[derive(Clone, Debug, Parser)]
#[command(name = "tidewire-echo", version)]
pub(crate) struct Args {
    /// Address to listen on; port 0 takes a free one. The first line on standard output tells it.
    #[arg(long, default_value = "127.0.0.1:5000", value_name = "ADDRESS")]
    pub(crate) listen: String,

    /// Folder with the built demo page, served at /index.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) page: Option<PathBuf>,

    /// Another origin whose pages may connect, such as `https://app.example`. Loopback origins always may. Repeatable.
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,

    /// Another name of this server that requests may use in `Host`, without port. Loopback names and the host of --listen
    /// always may; others are answered 421. Repeatable.
    #[arg(long = "allow-host", value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,

    /// How often /news has something new by itself, as in 500ms; `off` or 0 for never.
    #[arg(long, default_value = "1s", value_parser = pause, value_name = "TIME")]
    pub(crate) ticker: Duration,

    /// Accept orders to misbehave at /faults: GET lists the lasting ones, POST /faults/NAME begins one, POST
    /// /faults/clear ends all; cut, half-open, forget and restart happen at once.
    #[arg(long)]
    pub(crate) faults: bool,

    /// Misbehave from the start: NAME or NAME:key=value,... as in `refuse-upgrades:status=503,times=2`. Repeatable.
    #[arg(long = "fault", value_name = "FAULT")]
    pub(crate) fault: Vec<FaultFlag>,

    /// What to log: a level, or directives as `tidewire_server=debug`.
    #[arg(
        long,
        default_value = "info",
        env = "TIDEWIRE_LOG",
        value_name = "FILTER"
    )]
    pub(crate) log: String,

    /// Print each message of /message.
    #[arg(long)]
    pub(crate) print: bool,

    /// Longest message in bytes.
    #[arg(long, default_value_t = 1_048_576, value_name = "BYTES")]
    pub(crate) max_message: u64,

    /// Sessions that one address may have.
    #[arg(long, default_value_t = 10_000, value_name = "COUNT")]
    pub(crate) sessions_per_address: usize,

    /// How long a session lives without any contact.
    #[arg(long, default_value = "120s", value_parser = span, value_name = "TIME")]
    pub(crate) session_life: Duration,

    /// Silence after which a client is pinged.
    #[arg(long, default_value = "12s", value_parser = span, value_name = "TIME")]
    pub(crate) heartbeat: Duration,
}

/// Reads `250ms`, `12s`, `2m`, or a number of seconds.
fn span(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("`{text}` is not a time such as 250ms, 12s or 2m"))?;
    match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => Ok(Duration::from_secs(number)),
        "ms" => Ok(Duration::from_millis(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        unit => Err(format!("`{unit}` is not a unit of time; use ms, s or m")),
    }
}

/// Reads a time, or `off` for none.
fn pause(text: &str) -> Result<Duration, String> {
    match text {
        "off" => Ok(Duration::ZERO),
        time => span(time).map_err(|reason| format!("{reason}, or off")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticker_may_be_off() {
        assert_eq!(pause("off"), Ok(Duration::ZERO));
        assert_eq!(pause("0"), Ok(Duration::ZERO));
        assert_eq!(pause("500ms"), Ok(Duration::from_millis(500)));
        assert!(pause("never").is_err());
    }

    #[test]
    fn times_have_a_unit_or_are_seconds() {
        assert_eq!(span("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(span("12s"), Ok(Duration::from_secs(12)));
        assert_eq!(span("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(span("7"), Ok(Duration::from_secs(7)));
        for text in ["", "s", "-1s", "1.5s", "3h"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
