//! All that an inspector tells about a client at one moment.

use std::fmt::Write as _;

use tidewire_proto::{Stats, Transport, TransportStats};

use super::log::{Entry, InspectorLog};
use super::words::{self, bytes, grouped};
use crate::env::clock;
use crate::hook::UseTidewire;

/// What is shown on the page and copied as text.
pub(super) struct Report {
    pub(super) standing: [Figure; 3],
    pub(super) traffic: [Row; 8],
    pub(super) totals: [Figure; 8],
    /// Newest first.
    pub(super) switches: Vec<Entry>,
    /// Newest first.
    pub(super) entries: Vec<Entry>,
}

/// A name and what it stands for.
pub(super) type Figure = (&'static str, String);

/// A name and what it stands for by transport, best first.
pub(super) type Row = (&'static str, [String; 3]);

pub(super) const TRAFFIC: &str = "Traffic by transport";
pub(super) const SWITCHES: &str = "Transport switches, newest first";
pub(super) const EVENTS: &str = "Events, newest first";

impl Report {
    pub(super) fn read(live: &UseTidewire, log: &InspectorLog) -> Self {
        let (state, stats) = (live.state(), live.stats());
        let transport = state.transport().map_or("None now", words::transport);
        Self {
            standing: [
                ("State", words::state(state)),
                ("Transport", transport.into()),
                ("Last attach", words::verdict(live.verdict())),
            ],
            traffic: traffic(&stats),
            totals: totals(&stats),
            switches: log.switches(),
            entries: log.entries(),
        }
    }

    pub(super) fn text(&self, title: &str) -> String {
        let mut text = format!("{title}, {}\n\n", clock::date());
        put_figures(&mut text, &self.standing);
        let names = Transport::ALL.map(|transport| words::transport(transport).to_owned());
        put_row(&mut text, TRAFFIC, &names);
        for (name, figures) in &self.traffic {
            put_row(&mut text, name, figures);
        }
        text.push('\n');
        put_figures(&mut text, &self.totals);
        put_entries(&mut text, SWITCHES, &self.switches);
        put_entries(&mut text, EVENTS, &self.entries);
        text
    }
}

fn traffic(stats: &Stats) -> [Row; 8] {
    let of = |figure: fn(&TransportStats) -> String| {
        Transport::ALL.map(|transport| figure(stats.of(transport)))
    };
    [
        ("Connections", of(|stats| grouped(stats.connections))),
        ("Handshakes, requests", of(|stats| grouped(stats.requests))),
        ("Packets sent", of(|stats| grouped(stats.packets_sent))),
        (
            "Packets received",
            of(|stats| grouped(stats.packets_received)),
        ),
        ("Bytes sent", of(|stats| bytes(stats.bytes_sent))),
        ("Bytes received", of(|stats| bytes(stats.bytes_received))),
        ("Failures", of(|stats| grouped(stats.failures))),
        (
            "Round-trip time",
            of(|stats| match stats.round_trip {
                // Not measured yet.
                std::time::Duration::ZERO => "–".into(),
                round_trip => words::span(round_trip),
            }),
        ),
    ]
}

fn totals(stats: &Stats) -> [Figure; 8] {
    [
        ("Messages sent", grouped(stats.messages_sent)),
        (
            "Messages acknowledged",
            grouped(stats.messages_acknowledged),
        ),
        ("Messages received", grouped(stats.messages_received)),
        ("Duplicates dropped", grouped(stats.duplicates_dropped)),
        ("Reconnects", grouped(stats.reconnects)),
        ("Sessions lost", grouped(stats.sessions_lost)),
        (
            "Messages in the outbox",
            grouped(stats.outbox_messages as u64),
        ),
        ("Bytes in the outbox", bytes(stats.outbox_bytes as u64)),
    ]
}

// Writing to a string does not fail.

fn put_figures(text: &mut String, figures: &[Figure]) {
    for (name, figure) in figures {
        let _ = writeln!(text, "{name}: {figure}");
    }
    text.push('\n');
}

fn put_row(text: &mut String, name: &str, [first, second, third]: &[String; 3]) {
    let _ = writeln!(text, "{name:<20} {first:>16} {second:>16} {third:>16}");
}

fn put_entries(text: &mut String, name: &str, entries: &[Entry]) {
    let _ = writeln!(text, "{name}:");
    for entry in entries {
        let _ = writeln!(
            text,
            "{} {}",
            clock::time_of_day(entry.at),
            words::entry(entry)
        );
    }
    text.push('\n');
}
