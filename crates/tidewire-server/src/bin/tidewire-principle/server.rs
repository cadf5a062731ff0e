//! The socket that listens: where a server begins.
//!
//! In C, and in every language that hands out the operating system's calls as they are, it takes five of them:
//!
//! ```text
//! socket(AF_INET, SOCK_STREAM, 0)                  a TCP socket, connected to nothing yet
//! setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)          do not wait for old connections of this port to be forgotten
//! bind(127.0.0.1:8002)                             the address at which it can be found
//! listen(5)                                        from now on it takes connections, and 5 may wait to be accepted
//! accept()                                         the next connection, as a socket of its own
//! ```
//!
//! Rust's [`TcpListener::bind`] makes the first four in one. It sets `SO_REUSEADDR` on Unix: without it, a server that
//! is restarted finds its port taken for a minute, by connections in TIME-WAIT (RFC 9293, 3.6) that have long ended. On
//! Windows the option would let two programs share a port, so there it is left alone, and not needed.
//!
//! One thing the standard library does not let us choose is the backlog: it asks for 128 on most systems. The kernel
//! completes the TCP handshake for those without asking the program, so a client would believe itself connected while
//! nobody serves it. We therefore accept at once, and keep the 5 that wait ourselves: see [`places`].

use std::io::{self, Error, ErrorKind, Result, Write};
use std::net::TcpListener;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use crate::limits;
use crate::places::{self, Event};

/// What to wait when the system has no socket left to give; others have to close some first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Creates the socket, binds it and makes it listen. An error says what to do.
pub(crate) fn bind(address: &str) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => {
                "another program listens there; stop it, or take a free port with --listen 127.0.0.1:0"
            }
            ErrorKind::PermissionDenied => "choose a port above 1023 with --listen",
            _ => "choose another address with --listen",
        };
        Error::new(
            error.kind(),
            format!("cannot listen on {address}: {error}; {advice}"),
        )
    })
}

/// Accepts connections for as long as the program runs.
pub(crate) fn run(listener: &TcpListener) -> Result<()> {
    let (events, inbox) = sync_channel(limits::BACKLOG);
    let leaving = events.clone();
    thread::Builder::new()
        .name("places".to_owned())
        .spawn(move || places::assign(&inbox, &leaving))?;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                if events.send(Event::Arrived(stream)).is_err() {
                    return Err(Error::other("the thread that assigns places has ended"));
                }
            }
            // This one gave up before we came to it; the next one is none the worse for it.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted
                        | ErrorKind::ConnectionReset
                        | ErrorKind::Interrupted
                ) => {}
            Err(error) => {
                complain(&format!("cannot accept a connection: {error}"));
                thread::sleep(ACCEPT_PAUSE);
            }
        }
    }
}

/// Tells whoever runs the server. `eprintln!` would panic where nobody reads the error output any more.
pub(crate) fn complain(what: &str) {
    let _ = writeln!(io::stderr(), "tidewire-principle: {what}");
}
