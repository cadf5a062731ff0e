//! What an observer was told, and what must hold of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use tidewire::{RequestOutcome, Sender, Traffic, Transport, TransportStats};

/// What was observed.
#[derive(Clone, Default)]
pub(super) struct Seen(Rc<RefCell<Vec<Traffic>>>);

impl Seen {
    /// An observer that takes note.
    pub(super) fn observer(&self) -> impl Fn(&Traffic) + 'static {
        let seen = Rc::clone(&self.0);
        move |traffic| seen.borrow_mut().push(*traffic)
    }

    pub(super) fn all(&self) -> Vec<Traffic> {
        self.0.borrow().clone()
    }

    /// The counters of a transport that follow from what was observed.
    pub(super) fn sums(&self, transport: Transport) -> TransportStats {
        let mut sums = TransportStats::default();
        let mut of = BTreeMap::new();
        for traffic in self.all() {
            match traffic {
                Traffic::SocketOpening { .. } if transport == Transport::WebSocket => {
                    sums.requests += 1;
                }
                Traffic::PacketSent { bytes, .. } if transport == Transport::WebSocket => {
                    sums.packets_sent += 1;
                    sums.bytes_sent += bytes as u64;
                }
                Traffic::PacketReceived { bytes, .. } if transport == Transport::WebSocket => {
                    sums.packets_received += 1;
                    sums.bytes_received += bytes as u64;
                }
                Traffic::RequestStarted {
                    id,
                    transport: by,
                    bytes,
                    ..
                } => {
                    of.insert(id, by);
                    if by == transport {
                        sums.requests += 1;
                        sums.packets_sent += 1;
                        sums.bytes_sent += bytes as u64;
                    }
                }
                Traffic::RequestEnded {
                    id,
                    outcome: RequestOutcome::Answered { bytes, .. },
                } if of[&id] == transport => {
                    sums.packets_received += 1;
                    sums.bytes_received += bytes as u64;
                }
                _ => {}
            }
        }
        sums
    }

    pub(super) fn assert_agrees_with(&self, sender: &Sender) {
        for transport in Transport::ALL {
            let (sums, stats) = (self.sums(transport), *sender.stats().of(transport));
            assert_eq!(
                (
                    sums.requests,
                    sums.packets_sent,
                    sums.packets_received,
                    sums.bytes_sent,
                    sums.bytes_received
                ),
                (
                    stats.requests,
                    stats.packets_sent,
                    stats.packets_received,
                    stats.bytes_sent,
                    stats.bytes_received
                ),
                "{transport:?}"
            );
        }
    }

    /// What was begun and has not ended. Fails where something happens to what did not begin or has ended.
    pub(super) fn alive(&self) -> Vec<u64> {
        let mut alive = Vec::new();
        let mut known = Vec::new();
        for traffic in self.all() {
            match traffic {
                Traffic::RequestStarted { id, .. } | Traffic::SocketOpening { id } => {
                    assert!(!known.contains(&id), "{id} twice");
                    known.push(id);
                    alive.push(id);
                }
                Traffic::RequestEnded { id, .. } | Traffic::SocketClosed { id } => {
                    let place = alive.iter().position(|other| *other == id);
                    alive.remove(place.expect("what ends is alive"));
                }
                Traffic::PacketReceived { id, .. }
                | Traffic::PacketSent { id, .. }
                | Traffic::SocketOpened { id } => {
                    assert!(alive.contains(&id), "{traffic:?} and {id} is not alive");
                }
                Traffic::Flushed { .. } => {}
                _ => unreachable!("all kinds are here"),
            }
        }
        alive
    }
}
