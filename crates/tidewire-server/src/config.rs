//! What can be set on a hub, and why each default is what it is.

use std::time::Duration;

use tidewire_proto::{ConfigError, SessionConfig};

/// The longest packet in bytes that clients count on: section 5.3 of the protocol.
const LEAST_MAX_PACKET: usize = 128 * 1024;

/// The limits of a [`Hub`](crate::Hub).
///
/// What exceeds one is refused to the side that caused it; nothing else is touched.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HubConfig {
    /// Sizes, rates and times of each session.
    pub session: SessionConfig,
    /// Sessions in all, detached ones included; more are refused with 4503 and an advised delay. Default 10,000.
    pub max_sessions: usize,
    /// Sessions that one client address may have; more are refused with 4429 and an advised delay. Behind a reverse
    /// proxy name the real address with [`HubBuilder::client_address`](crate::HubBuilder::client_address), or all
    /// clients share one count. IPv6 clients count by their /64 network, IPv4 addresses mapped into IPv6 as IPv4. A client
    /// of unknown address is not limited. Default 100.
    pub max_sessions_per_address: usize,
    /// Longest WebSocket message or request body in bytes; more is closed with 1009 or answered 413 before it is read.
    /// At least 128 KiB, since clients may send packets of that length without asking; a longer message of the application
    /// travels in fragments. Default 256 KiB.
    pub max_packet: usize,
    /// Frames that one WebSocket message may come in; more are closed with 1009. Default 1,024.
    pub max_parts: u32,
    /// Time from the upgrade to the first packet, else 4408. Default 10 s.
    pub first_packet_timeout: Duration,
    /// Time that the authentication hook has, else 4503. Default 10 s.
    pub authenticate_timeout: Duration,
    /// Time that one packet may take to be written, else the carrier is dropped. Default 20 s.
    pub write_stall_timeout: Duration,
    /// Head start of a request body before [`body_rate`](Self::body_rate) holds, else 408. Default 10 s.
    pub body_grace: Duration,
    /// Least speed of a request body in bytes per second. Default 1,000.
    pub body_rate: u32,
    /// Bytes that all detached sessions together may hold; the oldest are evicted and told 4410 `evicted`. Default 64 MiB.
    pub detached_bytes: usize,
    /// Keys of ended sessions that are remembered, so that a late client hears `expired` and not `unknown`. Default 10,000.
    pub tombstones: usize,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            session: SessionConfig::default(),
            max_sessions: 10_000,
            max_sessions_per_address: 100,
            max_packet: 256 * 1024,
            max_parts: 1_024,
            first_packet_timeout: Duration::from_secs(10),
            authenticate_timeout: Duration::from_secs(10),
            write_stall_timeout: Duration::from_secs(20),
            body_grace: Duration::from_secs(10),
            body_rate: 1_000,
            detached_bytes: 64 * 1024 * 1024,
            tombstones: 10_000,
        }
    }
}

impl HubConfig {
    /// Names the first field that makes no sense: a zero time or size, or a `max_packet` below 128 KiB.
    ///
    /// # Errors
    /// [`ConfigError`] with the name of the field.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.session.check()?;
        let rules = [
            (self.max_sessions > 0, "max_sessions"),
            (
                self.max_sessions_per_address > 0,
                "max_sessions_per_address",
            ),
            (self.max_packet >= LEAST_MAX_PACKET, "max_packet"),
            (self.max_parts > 0, "max_parts"),
            (!self.first_packet_timeout.is_zero(), "first_packet_timeout"),
            (!self.authenticate_timeout.is_zero(), "authenticate_timeout"),
            (!self.write_stall_timeout.is_zero(), "write_stall_timeout"),
            (!self.body_grace.is_zero(), "body_grace"),
            (self.body_rate > 0, "body_rate"),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, field)) => Err(ConfigError { field }),
            None => Ok(()),
        }
    }
}

/// The limits of [`serve`](crate::serve), below the hub: connections and request heads.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeConfig {
    /// Connections at once, WebSockets included; further ones wait in the kernel's backlog. Default 15,000.
    pub max_connections: usize,
    /// Time that a request head may take, also the first one of a silent connection. Default 10 s.
    pub head_timeout: Duration,
    /// Longest request head in bytes, path included; more is answered 431. At least 8 KiB. Default 16 KiB.
    pub max_head: usize,
    /// Most header fields of a request; more is answered 431. Default 100.
    pub max_headers: usize,
    /// Time that a write may wait for a peer that reads nothing at all, else its connection is dropped. It holds for
    /// WebSockets too, beside [`HubConfig::write_stall_timeout`]. Default 20 s.
    pub write_stall_timeout: Duration,
    /// Time that requests under way have once the server stops. Default 5 s.
    pub stop_timeout: Duration,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            max_connections: 15_000,
            head_timeout: Duration::from_secs(10),
            max_head: 16 * 1024,
            max_headers: 100,
            write_stall_timeout: Duration::from_secs(20),
            stop_timeout: Duration::from_secs(5),
        }
    }
}
