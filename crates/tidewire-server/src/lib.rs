//! Axum routes and sessions for [tidewire](https://docs.rs/tidewire) clients.
//!
//! A [`Hub`] gives axum one route that takes WebSocket and HTTP, and gives the application one [`Session`] per client. A
//! session outlives its connections: messages go through once and in order, both ways, while the client changes networks
//! or falls back from WebSocket to long polling to scheduled polling.
//!
//! ```no_run
//! use axum::Router;
//! use futures_util::StreamExt;
//! use tidewire_server::{Hub, ServeConfig, Session, Tcp, serve};
//!
//! async fn echo(mut session: Session) {
//!     while let Some(message) = session.next().await {
//!         if session.send(message).await.is_err() {
//!             return; // closed in the meantime
//!         }
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let hub = Hub::builder().build()?;
//!     let app = Router::new().nest("/live", hub.router());
//!     tokio::spawn(async move { hub.run(echo).await });
//!     let listener = Tcp::bind("127.0.0.1:5000").await?;
//!     serve(listener, app, ServeConfig::default(), std::future::pending()).await;
//!     Ok(())
//! }
//! ```
//!
//! # What is promised
//!
//! - A message that [`Session::send`] took reaches the client's application once and in order as long as the session lives
//!   (2 minutes without any contact, [`SessionConfig::life`]). When the session ends first, [`End::unconfirmed`] lists what
//!   was not acknowledged.
//! - Acknowledged means that the other side's application has the message: here, that the [`Session`] stream yielded it.
//!   What waits unread holds the client's `send` back, so memory stays bounded end to end.
//! - Every queue has a bound ([`HubConfig`], [`Limits`]), and everything beyond one is refused to the side that caused it.
//!
//! # Who may come in
//!
//! Browsers send cookies with every WebSocket handshake, whichever page asks, so the hub compares `Origin` with
//! [`Origins`]: pages of the server's own origin only, unless told otherwise. [`HubBuilder::authenticate`] is asked at
//! each attach, and a session belongs to the [`Principal`] that created it.
//!
//! # Without this crate's accept loop
//!
//! The router also works under `axum::serve`, which sets no `TCP_NODELAY`, bounds neither connections nor request heads nor
//! the time of a peer that reads no answer, and notes no peer address unless asked to; [`serve`] does all of that.

mod accepted;
mod answer;
mod auth;
mod builder;
mod changes;
mod clock;
mod closing;
mod config;
mod driver;
mod endpoint;
mod guard;
mod handshake;
mod hub;
mod metrics;
mod origin;
mod registry;
mod serve;
mod session;
mod signals;
mod socket;

pub use auth::{Credentials, Principal, Refusal};
pub use builder::HubBuilder;
pub use changes::Changes;
pub use config::{HubConfig, ServeConfig};
pub use driver::{End, SessionCounts};
pub use handshake::{Handshake, HandshakeError};
pub use hub::{Broadcast, Hub};
pub use metrics::Metrics;
pub use origin::{Caller, OriginError, Origins, is_meant_for};
pub use registry::counted_as;
pub use serve::{Tcp, serve};
pub use session::{Receipt, Session, SessionHandle};
pub use signals::StopSignals;
pub use tidewire_proto::{
    Cause, Close, CloseCode, ConfigError, Limits, MessageId, Payload, SendError, SendErrorKind,
    SessionConfig, Transport, Unconfirmed,
};
