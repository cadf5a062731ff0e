//! What a test asks of the page and what the page reports, as both sides read it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::recorder::Recorder;

/// How the page is to connect.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Options {
    /// The server's endpoint.
    pub url: String,
    /// The names of the transports that may be used; none means all.
    pub transports: Vec<String>,
    /// Timings in milliseconds that differ from the defaults, by the names of their settings.
    pub millis: BTreeMap<String, u64>,
    /// Messages to send in the same turn.
    pub say: u32,
    /// Whether none of the messages is large.
    pub small: bool,
}

impl Options {
    /// Options for this endpoint, with defaults for all else.
    pub fn new(url: String) -> Self {
        Self {
            url,
            ..Self::default()
        }
    }

    /// The same options for these transports only.
    #[must_use]
    pub fn only<const N: usize>(mut self, transports: [&str; N]) -> Self {
        self.transports = transports.map(str::to_owned).into();
        self
    }

    /// The same options with these timings changed.
    #[must_use]
    pub fn with_millis<const N: usize>(mut self, millis: [(&str, u64); N]) -> Self {
        let millis = millis.map(|(name, value)| (name.to_owned(), value));
        self.millis.extend(millis);
        self
    }

    /// The same options, without large messages.
    #[must_use]
    pub const fn small(mut self) -> Self {
        self.small = true;
        self
    }

    /// The same options, with so many messages sent in the same turn.
    #[must_use]
    pub const fn saying(mut self, count: u32) -> Self {
        self.say = count;
        self
    }
}

/// Everything that the page knows of its conversation with the server.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Report {
    /// `connecting`, `open`, `waiting` or `closed`.
    pub state: String,
    /// What carries the session now.
    pub transport: Option<String>,
    /// Messages that were accepted; their numbers count from 0.
    pub sent: u32,
    /// Messages whose receipt says that the server's application has them.
    pub acknowledged: u32,
    /// Messages whose receipt says that they will not be acknowledged.
    pub failed: Vec<u32>,
    /// What came back of the page's own messages.
    pub echoes: Recorder,
    /// What came of the server's own accord.
    pub pushes: Recorder,
    /// Messages that are not as anybody sent them, described.
    pub damaged: Vec<String>,
    /// Milliseconds from `connect` to the first echo.
    pub first_echo_after: Option<f64>,
    /// What happened to the connection.
    pub events: Vec<Happening>,
    /// Times that the session began to be carried, as a new one.
    pub fresh: u32,
    /// Times that the session began to be carried, as the old one.
    pub resumed: u32,
    /// Losses of the session, in the order in which they were told.
    pub losses: Vec<Loss>,
    /// Everything that ever carried the session.
    pub transports_seen: BTreeSet<String>,
    /// The client's own counters.
    pub stats: Counters,
    /// What nobody in the page caught.
    #[serde(default)]
    pub uncaught: Vec<String>,
}

/// Something that happened to the connection.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Happening {
    /// Milliseconds since 1970.
    pub at: f64,
    /// The event's kind.
    pub kind: Kind,
    /// What else is known of it.
    pub detail: String,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Kind {
    /// The client is closed for good.
    Closed,
    /// The session is carried.
    Connected,
    /// A message was dropped.
    Dropped,
    /// The connection failed.
    Hiccup,
    /// The session is lost.
    Lost,
    /// Events were missed.
    Missed,
    /// The session moved to another transport.
    Moved,
}

/// The end of a session.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Loss {
    /// Why.
    pub cause: String,
    /// The messages that were never acknowledged and may have arrived.
    pub unconfirmed: Vec<u32>,
    /// The messages that never left.
    pub untransmitted: Vec<u32>,
}

/// The client's own counters.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Counters {
    /// Times that a carried session lost its carrier.
    pub reconnects: u64,
    /// Messages or fragments that came again and were dropped.
    pub duplicates_dropped: u64,
    /// Sessions that were lost.
    pub sessions_lost: u64,
    /// Packets sent, by transport.
    pub packets_sent: BTreeMap<String, u64>,
    /// Handshakes and requests started, by transport.
    pub requests: BTreeMap<String, u64>,
    /// Handshakes, connections and requests that failed, by transport.
    pub failures: BTreeMap<String, u64>,
}

impl Report {
    /// What is wrong with a conversation in which the page sent `said` messages and the server `pushed` of its own
    /// accord, if anything is: each has to have arrived exactly once and in order, and to be acknowledged.
    pub fn complaint(&self, said: u32, pushed: u32) -> Option<String> {
        let mut complaints = Vec::new();
        if self.sent != said {
            complaints.push(format!("{} of {said} messages were accepted", self.sent));
        }
        if self.acknowledged != said {
            complaints.push(format!("{} of {said} are acknowledged", self.acknowledged));
        }
        let flows = [
            ("echoes", &self.echoes, said),
            ("pushes", &self.pushes, pushed),
        ];
        for (name, flow, sent) in flows {
            complaints.extend(flow.complaint(sent).map(|wrong| format!("{name}: {wrong}")));
        }
        complaints.extend(
            self.damaged
                .iter()
                .map(|message| format!("damaged: {message}")),
        );
        complaints.extend(
            self.uncaught
                .iter()
                .map(|error| format!("uncaught: {error}")),
        );
        (!complaints.is_empty()).then(|| complaints.join("; "))
    }

    /// The events of a kind that happened at `since` (in milliseconds since 1970) or later.
    pub fn happened(&self, kind: Kind, since: f64) -> Option<&Happening> {
        self.events
            .iter()
            .find(|event| event.kind == kind && event.at >= since)
    }
}
