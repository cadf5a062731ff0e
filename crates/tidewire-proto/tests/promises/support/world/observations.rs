//! What a test may look at.

use tidewire_proto::{Event, State, Timestamp, Transport};

use super::World;
use crate::support::{Packet, Side};

impl World {
    pub(crate) fn transport(&self) -> Option<Transport> {
        match self.tabs[0].client.state() {
            State::Open(transport) => Some(transport),
            State::Closed | State::Connecting | State::Waiting(_) => None,
        }
    }

    /// Sockets and requests that are open from the client's side.
    pub(crate) fn open_links(&self) -> usize {
        self.links.values().filter(|link| !link.left).count()
    }

    /// Packets of one side since a moment.
    pub(crate) fn packets(&self, from: Side, since: Timestamp) -> Vec<&Packet> {
        self.wire
            .iter()
            .filter(|packet| packet.from == from && packet.at >= since)
            .collect()
    }

    /// Whether the client was told of this event.
    pub(crate) fn heard(&self, matches: impl Fn(&Event) -> bool) -> bool {
        self.tabs[0].events.iter().any(matches)
    }

    /// What the client was told to lose, or left unconfirmed at its end: text, and whether any of it was transmitted.
    pub(crate) fn unconfirmed(&self) -> Vec<(&str, bool)> {
        let lists = self.tabs[0].events.iter().filter_map(|event| match event {
            Event::Closed { unconfirmed, .. } | Event::Lost { unconfirmed, .. } => {
                Some(unconfirmed)
            }
            _ => None,
        });
        lists
            .flatten()
            .map(|one| (one.payload.as_text().unwrap_or("binary"), one.transmitted))
            .collect()
    }
}
