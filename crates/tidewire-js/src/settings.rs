//! Settings, as JavaScript hands them over: one number of choices, and a list of numbers.

use std::time::Duration;

use tidewire::binding::EndpointSource;
use tidewire::{
    BareConfig, Builder, ConfigError, Credentials, Message, OverflowPolicy, Transport, UrlError,
};

// The bits of `choices`.
const TRANSPORTS: u32 = 0;
const OVERFLOW: u32 = 3;
const CREDENTIALS: u32 = 5;
const FORGETS: u32 = 7;
const ASKS: u32 = 8;
const BARE: u32 = 9;

/// Where URL and token come from.
pub(crate) const fn endpoint_source(choices: u32) -> EndpointSource {
    if choices >> ASKS & 1 == 1 {
        EndpointSource::Listener
    } else {
        EndpointSource::Builder
    }
}

/// Applies what JavaScript chose. A number that is NaN, or not there, leaves the default.
pub(crate) fn apply(builder: Builder, choices: u32, numbers: &[f64], heartbeat: &str) -> Builder {
    let mut numbers = Numbers(numbers);
    let mut builder = builder.configure(|config| {
        for field in [
            &mut config.stagger,
            &mut config.handshake_timeout,
            &mut config.prepare_timeout,
            &mut config.request_timeout,
            &mut config.hold,
            &mut config.polling_floor,
            &mut config.polling_ceiling,
            &mut config.silence,
            &mut config.probe_timeout,
            &mut config.backoff_base,
            &mut config.backoff_cap,
            &mut config.stable_after,
            &mut config.promotion_base,
            &mut config.ack_delay,
            &mut config.close_timeout,
        ] {
            if let Some(span) = numbers.span() {
                *field = span;
            }
        }
        let limits = &mut config.limits;
        for field in [
            &mut limits.max_message,
            &mut limits.window_bytes,
            &mut limits.window_messages,
        ] {
            if let Some(number) = numbers.next() {
                *field = number as u64;
            }
        }
        for field in [&mut limits.outbox_bytes, &mut limits.outbox_messages] {
            if let Some(number) = numbers.next() {
                *field = number as usize;
            }
        }
    });
    if choices >> BARE & 1 == 1 {
        let interval = numbers.span();
        builder = builder.bare(BareConfig {
            heartbeat: interval.map(|interval| (Message::from(heartbeat), interval)),
            idle_timeout: numbers.span(),
        });
    }
    builder
        .transports(
            Transport::ALL
                .into_iter()
                .enumerate()
                .filter(|(index, _)| choices >> (TRANSPORTS + *index as u32) & 1 == 1)
                .map(|(_, transport)| transport),
        )
        .overflow(match choices >> OVERFLOW & 3 {
            1 => OverflowPolicy::DropOldest,
            2 => OverflowPolicy::DropNewest,
            _ => OverflowPolicy::Refuse,
        })
        .credentials(match choices >> CREDENTIALS & 3 {
            1 => Credentials::Include,
            2 => Credentials::Omit,
            _ => Credentials::SameOrigin,
        })
        .remember_transport(choices >> FORGETS & 1 == 0)
}

/// The setting that an error is about, by the name that the package's TypeScript explains.
pub(crate) const fn name_of(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::Setting(error) => error.field,
        ConfigError::Url(UrlError::Credentials) => "url-credentials",
        ConfigError::Url(UrlError::Fragment) => "url-fragment",
        ConfigError::Url(UrlError::Insecure) => "url-insecure",
        ConfigError::Url(UrlError::Scheme) => "url-scheme",
        ConfigError::Url(_) => "url",
        _ => "randomness",
    }
}

struct Numbers<'n>(&'n [f64]);

impl Numbers<'_> {
    fn next(&mut self) -> Option<f64> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        (!first.is_nan()).then_some(*first)
    }

    /// Milliseconds; what is negative counts as zero.
    fn span(&mut self) -> Option<Duration> {
        // The cast saturates.
        self.next()
            .map(|millis| Duration::from_micros((millis * 1_000.0) as u64))
    }
}
