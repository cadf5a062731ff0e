//! A client and a server joined by a network in virtual time, so that a test reads like a transcript.

pub(crate) mod direct;
mod host;
mod net;
mod packet;
mod tab;
mod world;

pub(crate) use host::{Attached, Host};
pub(crate) use net::{Handshakes, Http};
pub(crate) use packet::{Kind, Packet, Side, kinds, read_any_opening};
pub(crate) use tab::{Provider, Tab};
pub(crate) use world::World;

use core::time::Duration;

pub(crate) use tidewire_proto::{
    Cause, ClientConfig, Close, CloseCode, Event, OverflowPolicy, PageEvent, Payload,
    SendErrorKind, SessionConfig, State, Timestamp, Transport, Verdict,
};

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The default settings with only these transports.
pub(crate) fn only(transports: &[Transport]) -> ClientConfig {
    let mut config = ClientConfig::default();
    config.transports = Transport::ALL.map(|transport| transports.contains(&transport));
    config
}

/// Text for a message of so many bytes, whose every place can be told from its neighbours.
pub(crate) fn long_text(bytes: usize) -> String {
    (0_u64..)
        .flat_map(|number| number.to_string().into_bytes())
        .take(bytes)
        .map(char::from)
        .collect()
}

/// "1", "2", ... up to the number.
pub(crate) fn numbers(last: usize) -> Vec<String> {
    (1..=last).map(|number| number.to_string()).collect()
}
