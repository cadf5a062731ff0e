//! A realtime client for browsers that always comes back.
//!
//! One [`Client`] speaks with a tidewire server by WebSocket, by long polling or by scheduled polling,
//! whichever works where the user sits, and moves between them while it is used. In one session each
//! message that was accepted reaches the other side's application exactly once and in order, across cuts,
//! proxies, sleep and page changes; where that cannot be kept, the application is told which messages are
//! unconfirmed.
//!
//! ```no_run
//! use tidewire::{Client, Event};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let (sender, mut messages, mut events) = Client::builder("/live").connect()?.split();
//!
//! // Accepted at once, also before the connection is up; the receipt resolves when the server's
//! // application has the message.
//! let receipt = sender.send("ahoy").await?;
//! receipt.await?;
//!
//! // Side by side, as two tasks of `wasm_bindgen_futures::spawn_local`, since neither ends before the client does.
//! let messages = async move {
//!     while let Some(message) = messages.next().await {
//!         println!("the server says {:?}", message.as_text());
//!     }
//! };
//! let events = async move {
//!     while let Some(event) = events.next().await {
//!         if let Event::Lost { unconfirmed, .. } = event {
//!             println!("{} messages may be lost", unconfirmed.len());
//!         }
//!     }
//! };
//! # Ok(())
//! # }
//! ```
//!
//! # What each word means
//!
//! - **Queued**: in the outbox, which is bounded; the [policy](OverflowPolicy) says what happens when it
//!   is full. [`Sender::try_send`] hands a refused message back.
//! - **Acknowledged**: the other side's library has handed the message to its application. A message that
//!   this side receives is acknowledged when [`Messages`] yields it, so an application that does not read
//!   slows its peer down instead of filling memory.
//! - **Unconfirmed**: accepted, and the session ended before the acknowledgement. It may have arrived.
//!
//! # Where it runs
//!
//! In a page, a dedicated worker and a shared worker. It needs no executor: futures of this crate run on
//! any, for example `wasm_bindgen_futures::spawn_local`, and [`Messages::deliver_to`] needs none.
//! When the page is left, what was not sent goes out with a keepalive request (at most 64 KiB for the whole
//! page, oldest first); when it comes back from the back/forward cache, the session goes on at once.
//! At most two tabs of an origin hold a long poll, by the Web Locks `tidewire-hold-0` and `-1` (which browsers have on
//! secure pages only, those of `https` and of localhost; elsewhere each tab holds its own); the others
//! poll on a schedule, so that the page's own requests find a free connection.
//!
//! # Crate features
//!
//! - `json` (default): [`Json`] for [typed messages](Client::typed).
//! - `postcard`: `Postcard` for the same.
//! - `yew`: `use_tidewire`, a hook that delivers every message in order.
//! - `observe`: `Builder::observe` tells of each request, socket and packet when it happens, with its size.
//! - `binding`: the module `binding`, for bindings to other languages.
//! - `inspector` (with `yew`): `Inspector`, a component that shows what the client does, and why.

mod backlog;
#[cfg(feature = "binding")]
pub mod binding;
mod builder;
mod carriers;
mod client;
mod codec;
mod driver;
mod env;
mod error;
mod events;
#[cfg(feature = "yew")]
mod hook;
#[cfg(feature = "inspector")]
mod inspector;
mod messages;
mod net;
mod receipt;
mod traffic;

pub use builder::{Attempt, Builder, Credentials, Endpoint};
pub use client::{Client, Closing, Sender, Sending};
#[cfg(feature = "json")]
pub use codec::Json;
#[cfg(feature = "postcard")]
pub use codec::Postcard;
pub use codec::{Decoder, Encoder, Typed, TypedMessages, TypedSender};
pub use error::{
    Cause, Close, CloseCode, CodecError, ConfigError, DecodeError, InvalidCloseCode, Reaction,
    ReceiptError, SendError, UrlError,
};
pub use events::{Event, Events, State};
#[cfg(feature = "yew")]
pub use hook::{Incoming, UseTidewire, use_tidewire};
#[cfg(feature = "inspector")]
pub use inspector::{Inspector, InspectorLog, InspectorProps, use_inspector_log};
pub use messages::{Delivery, Messages};
pub use receipt::{Fate, Receipt};
pub use tidewire_proto::{
    BareConfig, ClientConfig, Limits, MessageId, OverflowPolicy, Payload as Message, Stats,
    Transport, TransportStats, Unconfirmed, Verdict,
};
#[cfg(feature = "observe")]
pub use traffic::{RequestOutcome, Traffic};
