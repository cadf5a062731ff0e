//! The principle of WebSocket: a server made of nothing but a TCP socket.
//!
//! It is written to be read. Everything that a WebSocket server has to do is here, by hand, with the standard library
//! alone; the bounds that a server needs to survive its clients are here too. Read the files in this order:
//!
//! 1. [`server`]: create a TCP socket, bind it, listen, accept.
//! 2. [`places`]: how many clients are served at once, and what happens to the rest.
//! 3. [`wire`]: TCP is a stream of bytes; reading, writing and parting in bounded time.
//! 4. [`visit`]: one connection from its first byte to its last.
//! 5. [`request`], [`opening`], [`answer`]: the opening handshake is an HTTP request and its answer.
//! 6. [`sha1`], [`base64`]: what the answer to the key is made of.
//! 7. [`frame`], [`opcode`], [`mask`]: what travels once the connection is open.
//! 8. [`message`], [`close`]: what it is made into, and how it ends.
//! 9. [`connection`], [`end`]: the loop that reads frames and echoes messages until one side ends it.
//! 10. [`transcript`], [`watch`]: the bytes of a connection, kept so that a page can show them.
//!
//! [`limits`] holds every bound, and [`args`] reads the command line. References such as "RFC 6455, 5.2" name a document
//! and a section of it; the documents are at <https://www.rfc-editor.org>.

mod answer;
mod args;
mod base64;
mod close;
mod connection;
mod end;
mod frame;
mod limits;
mod mask;
mod message;
mod opcode;
mod opening;
mod places;
mod request;
mod server;
mod sha1;
mod transcript;
mod visit;
mod watch;
mod wire;

use std::io::{self, Write};
use std::process::ExitCode;

use crate::args::Command;

fn main() -> ExitCode {
    let outcome = match args::read(std::env::args_os().skip(1)) {
        Ok(Command::Help) => announce(args::HELP),
        Ok(Command::Listen(address)) => listen(&address),
        Err(mistake) => {
            server::complain(&format!("{mistake}\nTry --help."));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            server::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn listen(address: &str) -> io::Result<()> {
    let listener = server::bind(address)?;
    announce(&format!("listening on ws://{}", listener.local_addr()?))?;
    server::run(&listener)
}

/// Whoever started the server reads its address from here; a pipe is not flushed at the end of a line by itself.
fn announce(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
