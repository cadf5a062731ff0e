//! What a meter tells: the marks of a timeline, and the sums beside it.

use std::time::Duration;

use crate::eras::news::News;

/// What went over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Traffic {
    pub(crate) messages: u64,
    pub(crate) bytes_up: u64,
    pub(crate) bytes_down: u64,
}

/// An item of news on its way: times in milliseconds of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shown {
    pub(crate) made: f64,
    pub(crate) shown: f64,
}

/// A request, from its start to the end of its answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) start: f64,
    /// None while it is open.
    pub(crate) end: Option<f64>,
}

/// A message of a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) at: f64,
    pub(crate) is_up: bool,
}

/// Counted since the page began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) messages: u64,
    pub(crate) requests: u64,
    /// Connections that the browser opened; none where it does not tell.
    pub(crate) connections: Option<u64>,
    pub(crate) round_trip: Duration,
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    pub(crate) shown: Vec<Shown>,
    pub(crate) requests: Vec<Request>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) totals: Totals,
    /// Of the window that ends with the newest traffic, to a second; a request is there with its end.
    pub(crate) recent: Traffic,
    /// Median age of the last items when they were drawn, in milliseconds.
    pub(crate) typical_age: Option<f64>,
    /// Requests as they come now, scaled to a minute; none where too few came to tell.
    pub(crate) requests_a_minute: Option<u64>,
    pub(crate) newest: Option<News>,
}

impl Traffic {
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            messages: self.messages + other.messages,
            bytes_up: self.bytes_up + other.bytes_up,
            bytes_down: self.bytes_down + other.bytes_down,
        }
    }
}
