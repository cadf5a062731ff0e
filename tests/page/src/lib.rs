//! A page with a tidewire client that a test can drive from outside, and what it reports.
//!
//! In wasm this is the page: `connect`, `say`, `report` and others, called by the tests through WebDriver. On
//! other targets it is what the tests share with the page: the messages, the recorder, the report.

pub mod message;
pub mod recorder;
pub mod report;

#[cfg(target_family = "wasm")]
pub mod benchmark;
#[cfg(target_family = "wasm")]
mod conversation;
#[cfg(target_family = "wasm")]
pub mod page;
