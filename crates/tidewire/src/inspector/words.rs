//! The plain words and the figures of the inspector.

use std::time::Duration;

use tidewire_proto::{Cause, Transport, Verdict};

use super::log::{Entry, Kind, What};
use crate::events::{Event, State};

/// Characters of a text from outside that are kept.
const MAX_TEXT: usize = 200;

/// Why a session moved when nothing had failed.
pub(super) const RESTORED: &str = "the page came back after it was left";

pub(super) fn entry(entry: &Entry) -> String {
    match &entry.what {
        What::Counted { kind, count, bytes } => {
            let what = match kind {
                Kind::Dropped => "dropped: longer than the server takes, or no room in the outbox",
                Kind::Received => "received",
            };
            let messages = counted(*count, "message");
            format!("{messages} {what} ({}).", self::bytes(*bytes))
        }
        What::Said(text) => text.clone(),
    }
}

pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Closed {
            cause: why,
            unconfirmed,
        } => format!("Closed: {}. {}.", cause(why), unsure(unconfirmed.len())),
        Event::Connected {
            transport: by,
            verdict: said,
        } => format!("Connected by {}. {}.", inline(*by), verdict(Some(*said))),
        Event::Dropped { .. } => "A message was dropped.".into(),
        Event::Hiccup {
            cause: why,
            retry_in,
        } => {
            let wait = span(*retry_in);
            format!("Not connected: {}. Next attempt in {wait}.", cause(why))
        }
        Event::Lost {
            cause: why,
            unconfirmed,
        } => format!(
            "Session lost: {}. {}.",
            cause(why),
            unsure(unconfirmed.len())
        ),
        Event::Missed(count) => format!("{} came too fast to be told.", counted(*count, "event")),
        Event::State(now) => format!("{}.", state(*now)),
        Event::TransportChanged { from, to } => {
            let reason = move_reason(*from, *to);
            format!("Moved from {} to {}: {reason}.", inline(*from), inline(*to))
        }
    }
}

/// A switch of transport and its reason.
pub(super) fn switch(from: Transport, to: Transport, reason: &str) -> String {
    format!("{} to {}: {reason}", transport(from), inline(to))
}

/// Why a session moves while it is carried: nothing fails then, so no event tells.
pub(super) const fn move_reason(from: Transport, to: Transport) -> &'static str {
    match (from, to) {
        (_, Transport::WebSocket) => "promoted, since a WebSocket handshake came through",
        (Transport::Polling, Transport::LongPolling) => {
            "promoted, since answers may be held back again"
        }
        (_, Transport::Polling) => {
            "stepped down, since held answers were cut or came late, or two other tabs hold some"
        }
        (_, Transport::LongPolling) => "for a reason of its own",
    }
}

pub(super) fn state(state: State) -> String {
    match state {
        State::Closed => "Closed".into(),
        State::Connecting => "Connecting".into(),
        State::Open(by) => format!("Connected by {}", inline(by)),
        State::Waiting { retry_in } => {
            format!("Waiting, next attempt in {}", span(retry_in))
        }
    }
}

/// What the server said at the last attach.
pub(super) fn verdict(verdict: Option<Verdict>) -> String {
    match verdict {
        None => "Nothing yet".into(),
        Some(Verdict::Fresh) => "Fresh: a new session".into(),
        Some(Verdict::Resumed { received }) => {
            format!("Resumed after {}", counted(received, "message"))
        }
    }
}

pub(super) fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Broken => "the connection broke, or none came about".into(),
        Cause::ByApplication => "the application asked for it".into(),
        Cause::NotTidewire { status: 0 } => "what answers is not a tidewire server".into(),
        Cause::NotTidewire { status } => {
            format!("what answers is not a tidewire server (HTTP {status})")
        }
        Cause::PeerMisbehaved(rule) => format!("the server broke the protocol ({rule})"),
        Cause::Provider(text) => format!("no endpoint from the provider ({})", tame(text)),
        Cause::Refused(close) => {
            format!(
                "the server said “{}” ({})",
                tame(&close.reason),
                close.code.0
            )
        }
        Cause::TimedOut => "nothing was heard for too long".into(),
        _ => "for another reason".into(),
    }
}

/// The name as a heading.
pub(super) const fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::WebSocket => "WebSocket",
        Transport::LongPolling => "Long polling",
        Transport::Polling => "Polling",
    }
}

/// The name within a sentence.
pub(super) const fn inline(transport: Transport) -> &'static str {
    match transport {
        Transport::WebSocket => "WebSocket",
        Transport::LongPolling => "long polling",
        Transport::Polling => "polling",
    }
}

fn unsure(count: usize) -> String {
    format!("{} unconfirmed", counted(count as u64, "message"))
}

fn counted(count: u64, one: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{} {one}{end}", grouped(count))
}

/// A number with its thousands apart, as `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(super) fn bytes(count: u64) -> String {
    let mut text = grouped(count);
    text.push_str(" B");
    text
}

/// A span in milliseconds as `18.3 ms`. Whole numbers throughout: to format a fraction costs kilobytes of code.
pub(super) fn span(span: Duration) -> String {
    // The cast cuts what is longer than half a million years.
    let micros = span.as_micros() as u64;
    format!("{}.{} ms", grouped(micros / 1_000), micros / 100 % 10)
}

/// A text from outside on one line, cut where it is long.
fn tame(text: &str) -> String {
    let tame = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(MAX_TEXT).map(tame).collect()
}
