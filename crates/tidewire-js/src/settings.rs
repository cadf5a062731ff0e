//! Settings, as JavaScript hands them over: one number of choices, and a list of numbers.

use std::time::Duration;

use tidewire::binding::{Mode, Settings};
use tidewire::{BareConfig, ConfigError, Credentials, Message, OverflowPolicy, UrlError};

// The bits of `choices`.
const TRANSPORTS: u32 = 0;
const OVERFLOW: u32 = 3;
const CREDENTIALS: u32 = 5;
const FORGETS: u32 = 7;
const HAS_PROVIDER: u32 = 8;
const BARE: u32 = 9;

/// Applies what JavaScript chose. A number that is NaN, or not there, leaves the default.
pub(crate) fn apply(settings: &mut Settings, choices: u32, numbers: &[f64], heartbeat: String) {
    let chose = |bit: u32| choices >> bit & 1 == 1;
    let mut numbers = Numbers(numbers);
    let config = &mut settings.config;
    numbers.span_to(&mut config.stagger);
    numbers.span_to(&mut config.handshake_timeout);
    numbers.span_to(&mut config.prepare_timeout);
    numbers.span_to(&mut config.request_timeout);
    numbers.span_to(&mut config.hold);
    numbers.span_to(&mut config.polling_floor);
    numbers.span_to(&mut config.polling_ceiling);
    numbers.span_to(&mut config.silence);
    numbers.span_to(&mut config.probe_timeout);
    numbers.span_to(&mut config.backoff_base);
    numbers.span_to(&mut config.backoff_cap);
    numbers.span_to(&mut config.stable_after);
    numbers.span_to(&mut config.promotion_base);
    numbers.span_to(&mut config.ack_delay);
    numbers.span_to(&mut config.close_timeout);
    let limits = &mut config.limits;
    numbers.count_to(&mut limits.max_message);
    numbers.count_to(&mut limits.window_bytes);
    numbers.count_to(&mut limits.window_messages);
    numbers.size_to(&mut limits.outbox_bytes);
    numbers.size_to(&mut limits.outbox_messages);
    if chose(BARE) {
        let interval = numbers.span();
        config.mode = Mode::Bare(BareConfig {
            heartbeat: interval.map(|interval| (Message::Text(heartbeat), interval)),
            idle_timeout: numbers.span(),
        });
    }
    config.transports = [0, 1, 2].map(|index| chose(TRANSPORTS + index));
    settings.policy = match choices >> OVERFLOW & 3 {
        1 => OverflowPolicy::DropOldest,
        2 => OverflowPolicy::DropNewest,
        _ => OverflowPolicy::Refuse,
    };
    settings.credentials = match choices >> CREDENTIALS & 3 {
        1 => Credentials::Include,
        2 => Credentials::Omit,
        _ => Credentials::SameOrigin,
    };
    settings.remembers = !chose(FORGETS);
    settings.has_provider = chose(HAS_PROVIDER);
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

    fn span_to(&mut self, field: &mut Duration) {
        if let Some(span) = self.span() {
            *field = span;
        }
    }

    // These casts saturate, too.

    fn count_to(&mut self, field: &mut u64) {
        if let Some(number) = self.next() {
            *field = number as u64;
        }
    }

    fn size_to(&mut self, field: &mut usize) {
        if let Some(number) = self.next() {
            *field = number as usize;
        }
    }
}
