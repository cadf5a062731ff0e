//! The tidewire session protocol, sans-IO: the wire codec and the state machines of both ends.
#![no_std]

extern crate alloc;

mod backoff;
mod bucket;
mod client;
mod close;
mod config;
mod entropy;
mod error;
mod event;
mod id;
mod ladder;
mod payload;
#[cfg(feature = "planted-bugs")]
pub mod planted;
#[cfg(not(feature = "planted-bugs"))]
mod planted;
pub mod server;
mod stats;
mod stream;
mod time;
mod transport;
pub mod wire;

pub use client::{Answer, Client};
pub use close::{Close, CloseCode, Reaction};
pub use config::{
    BareConfig, ClientConfig, ConfigError, Limits, Mode, OverflowPolicy, SessionConfig,
};
pub use entropy::Entropy;
pub use error::{SendError, SendErrorKind, Violation};
pub use event::{Cause, Event, Output, PageEvent, Reason, State, Unconfirmed, Verdict};
pub use id::{CarrierId, MessageId, SessionKey, SessionNumber};
pub use payload::Payload;
pub use server::Session;
pub use stats::{Stats, TransportStats};
pub use time::Timestamp;
pub use transport::Transport;
