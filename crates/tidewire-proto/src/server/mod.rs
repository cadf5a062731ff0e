//! The server's side: one [`Session`] per client, and the two decisions before there is one.

mod admission;
mod attach;
mod carrier;
mod output;
mod receive;
mod session;
mod timers;
mod transmit;

pub use admission::{Admission, CarrierKind, Lookup, Opening, admit, read_opening, refusal_packet};
pub use output::{SessionAnswer, SessionEvent, SessionOutput};
pub use session::Session;
