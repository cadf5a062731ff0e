//! What the tests across crates have in common: real browsers, real servers, and a network between them that can
//! be broken.
//!
//! A test is a scene on a [`Stage`]: it opens [tabs](Tab) of a browser, starts [servers](Server) and
//! [proxies](Proxy), and everything is gone when it ends, however it ends. `cargo xtask test --only across` runs
//! them; it builds the programs and the page that they need.

mod browser;
mod http;
mod memory;
mod patience;
mod principle;
mod process;
mod proxy;
mod server;
mod stage;
mod tab;
mod tour;
pub mod wire;

pub use browser::{Browser, ConsoleLine};
pub use patience::until;
pub use principle::Principle;
pub use proxy::{Direction, Handshakes, Happened, Kind, Proxy, Rules};
pub use server::Server;
pub use stage::{Stage, perform, perform_beside_others};
pub use tab::{Tab, millis};
pub use tidewire_test_page::message::{self, Flow};
pub use tidewire_test_page::report::{self, Options, Report};
pub use tour::{Scheme, Tour};
