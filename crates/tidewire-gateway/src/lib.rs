//! Ends [tidewire](https://docs.rs/tidewire) sessions in front of a plain WebSocket server.
//!
//! A browser keeps one session with the gateway, over whatever transport works and through every cut; the backend, which knows
//! nothing of tidewire, sees one WebSocket for each session. Plain WebSocket clients are passed through to the same backend, so
//! a gateway can be put in front of a server before any of its clients has changed.
//!
//! The program `tidewire-gateway` is this library with a command line; `docs/GATEWAY.md` in the repository tells how to use it, what
//! is forwarded, and which close code means what.
//!
//! ```no_run
//! use tidewire_gateway::{Gateway, GatewayConfig, Route};
//! use tidewire_server::{ServeConfig, Tcp, serve};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let route = Route::to("ws://127.0.0.1:1234/path")?;
//!     let gateway = Gateway::new(GatewayConfig::new([route]))?;
//!     let listener = Tcp::bind("127.0.0.1:5001").await?;
//!     let clients = serve(listener, gateway.router(), ServeConfig::default(), std::future::pending());
//!     tokio::join!(gateway.run(), clients);
//!     Ok(())
//! }
//! ```
//!
//! # What is promised
//!
//! - One connection to the backend for each session: opened with it, kept while the browser is away, closed with it, both ways
//!   with code and reason.
//! - Text stays text, binary stays binary, and the order is kept. What the session promises ends at the gateway: a message that
//!   was acknowledged has been taken to be written to the backend, and is lost if the backend dies before it reads it.
//! - Back-pressure from end to end: a backend that does not read makes its browser wait, a browser that does not read its backend.
//!   Every queue has a bound ([`GatewayLimits`]).
//! - A client names no backend. It can reach the configured ones alone, at the configured path and below.

mod bridge;
mod closing;
mod config;
mod control;
mod dial;
mod ending;
mod entrance;
mod error;
mod file;
mod forward;
mod frames;
mod gateway;
mod metrics;
mod network;
mod places;
mod plain;
mod route;
mod target;
mod tls;
mod tunnel;
mod wire;

pub use config::{GatewayConfig, GatewayLimits};
pub use error::ConfigError;
pub use file::Settings;
pub use gateway::Gateway;
pub use network::Network;
pub use route::Route;
