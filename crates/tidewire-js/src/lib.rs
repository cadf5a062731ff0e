//! The wasm of the npm package `tidewire`: the browser client of the crate `tidewire` behind one class.
//!
//! It translates and decides nothing. What JavaScript is made for (events, promises, streams, the standard's
//! argument checks) is in the package's TypeScript, in `ts/` beside this crate.

mod connection;
mod settings;
mod telling;

pub use connection::Connection;
pub use telling::Listener;
