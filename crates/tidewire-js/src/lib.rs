//! The wasm of the npm package `tidewire`: the browser client of the crate `tidewire` behind one class.
//!
//! It translates and decides nothing. What JavaScript is made for (events, promises, streams, the standard's
//! argument checks) is in the package's TypeScript, in `ts/` beside this crate.

mod connection;
mod settings;
mod telling;

pub use connection::Connection;
pub use telling::Listener;

/// A fifth of the standard allocator's size. For modules of one thread, as the client is.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
