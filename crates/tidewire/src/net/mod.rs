//! The two carriers of a browser, and the addresses that they need.

mod address;
mod request;
mod socket;

pub(crate) use address::Address;
pub(crate) use request::{Exchange, Request, flush};
pub(crate) use socket::{Socket, SocketFact};
