//! The plain words and the figures that the page shows.

use std::time::Duration;

use js_sys::Date;
use tidewire::{Fate, Inspector, ReceiptError, SendError, State, Transport, Verdict};

use crate::server::Refusal;

/// How a transport works, in one line.
pub(crate) const fn how(transport: Transport) -> &'static str {
    match transport {
        Transport::WebSocket => "one connection, both sides speak at will",
        Transport::LongPolling => "a request that the server holds until it has something to say",
        Transport::Polling => "short requests on a schedule",
    }
}

pub(crate) fn state(state: State) -> String {
    match state {
        State::Open(by) => format!("Connected by {}", Inspector::transport_inline(by)),
        State::Connecting => "Connecting".into(),
        State::Waiting { retry_in } => {
            format!("Not connected, next attempt in {}", seconds(retry_in))
        }
        State::Closed => "Closed".into(),
        _ => "Unknown".into(),
    }
}

/// What the server said at the last attach; `follows_loss`: the session before was lost.
pub(crate) fn verdict(verdict: Option<Verdict>, follows_loss: bool) -> String {
    match verdict {
        None => "No answer from the server yet".into(),
        Some(Verdict::Fresh) if follows_loss => {
            "Lost: the session before is gone, a new one began".into()
        }
        Some(Verdict::Fresh) => "Fresh: a new session".into(),
        Some(Verdict::Resumed { received }) => format!(
            "Resumed: the server already had {}",
            counted(received, "message", "messages")
        ),
    }
}

/// The short word for the fate of a message; also the name of its style.
pub(crate) const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Queued => "queued",
        Fate::Sent => "sent",
        Fate::Acknowledged => "acknowledged",
        Fate::Failed(ReceiptError::Dropped(_)) => "dropped",
        Fate::Failed(_) => "unconfirmed",
        _ => "unknown",
    }
}

pub(crate) fn refusal<T>(error: &SendError<T>) -> String {
    match error {
        SendError::Closed(_) => "The client is closed: connect again first.".into(),
        SendError::Full(_) => {
            "The outbox is full: wait until the server has acknowledged more.".into()
        }
        SendError::TooLarge { limit, .. } => {
            format!("Longer than the server takes, which is {}.", bytes(*limit))
        }
        _ => "The message was refused.".into(),
    }
}

pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    let name = if count == 1 { one } else { many };
    format!("{} {name}", grouped(count))
}

/// A number with its thousands apart, as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of tenths as `12.3`: without the code that writes any fraction, which is a twentieth of the page.
pub(crate) fn tenths(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{} kB", tenths(count / 100)),
        _ => format!("{} MB", tenths(count / 100_000)),
    }
}

/// A span as `0.4 ms`, `18 ms` or `1.2 s`; a dash where it was never measured.
pub(crate) fn span(span: Duration) -> String {
    let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    match micros {
        0 => "–".into(),
        1..10_000 => format!("{} ms", tenths(micros / 100)),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{} s", tenths(micros / 100_000)),
    }
}

/// The time of day, as `18:04:59`.
pub(crate) fn time_of_day(date: &Date) -> String {
    format!(
        "{:02}:{:02}:{:02}",
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds()
    )
}

/// Milliseconds as [`span`] writes them, whole below a second.
pub(crate) fn millis(millis: f64) -> String {
    match millis.round() as u64 {
        0 => "< 1 ms".into(),
        whole @ 1..1_000 => format!("{whole} ms"),
        whole => format!("{} s", tenths(whole / 100)),
    }
}

/// How far a broadcast reached, as a sentence.
pub(crate) fn reached(answer: Result<u64, Refusal>) -> String {
    match answer {
        Ok(count) => format!(
            "The server spoke to {}, here or away.",
            counted(count, "client", "clients")
        ),
        Err(refusal) => refused("broadcast", &refusal),
    }
}

/// Why the server did not do what it was asked to, as a sentence.
pub(crate) fn refused(what: &str, refusal: &Refusal) -> String {
    match refusal {
        Refusal::Forbidden => format!("The server does not let this page {what}."),
        Refusal::Status(status, text) => {
            format!("The server refused to {what} ({status}: {text}).")
        }
        Refusal::Unreachable => "The server did not answer.".into(),
    }
}

fn seconds(span: Duration) -> String {
    // Not by way of `Duration::as_millis`: to divide 128 bits costs a kilobyte of code.
    let tenth = span.as_secs().saturating_mul(10) + u64::from(span.subsec_millis() / 100);
    format!("{} s", tenths(tenth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn figures_carry_their_unit() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_500), "1.5 kB");
        assert_eq!(bytes(2_000_000), "2.0 MB");
        assert_eq!(span(Duration::ZERO), "–");
        assert_eq!(span(Duration::from_micros(400)), "0.4 ms");
        assert_eq!(span(Duration::from_millis(18)), "18 ms");
        assert_eq!(span(Duration::from_millis(1_200)), "1.2 s");
        assert_eq!(millis(0.3), "< 1 ms");
        assert_eq!(millis(12.4), "12 ms");
        assert_eq!(millis(2_540.0), "2.5 s");
        assert_eq!(counted(1, "packet", "packets"), "1 packet");
    }
}
