//! One connection from its first byte to its last.

use std::net::TcpStream;

use crate::answer::Answer;
use crate::connection::Connection;
use crate::opening::{self, Opening};
use crate::request::Request;
use crate::watch::{self, Gallery};
use crate::wire::{Loss, Wire};

const WELCOME: &str = "This is tidewire-principle, a WebSocket server made of a bare TCP socket.\n\
    Connect to this address with ws:// and it echoes every message.";

/// Serves a client; returns when the connection may be closed.
pub(crate) fn visit(stream: &TcpStream, gallery: &Gallery) {
    let mut wire = Wire::new(stream);
    // Where the connection is lost there is nobody to tell.
    let _ = converse(&mut wire, gallery);
    wire.part();
}

/// The opening in, its answer out, and where that was a yes, frames both ways.
fn converse(wire: &mut Wire<'_>, gallery: &Gallery) -> Result<(), Loss> {
    let head = match opening::receive(wire)? {
        Ok(head) => head,
        Err(refusal) => return wire.send(&refusal.into_bytes()),
    };
    let request = match Request::parse(&head) {
        Ok(request) => request,
        Err(refusal) => return wire.send(&refusal.into_bytes()),
    };
    let answer = match opening::judge(&request) {
        Ok(Opening::WebSocket { accept }) => {
            let answer = Answer::switch(&accept);
            // It is on show before the client learns that it is connected, so the client never looks for it in vain.
            let transcript = watch::name(request.path)
                .map(|name| gallery.record(name, &request.without_secrets(), &answer));
            wire.send(&answer)?;
            Connection::new(wire, transcript).run();
            return Ok(());
        }
        Ok(Opening::Plain) if request.path.starts_with(watch::PREFIX) => gallery.show(&request),
        Ok(Opening::Plain) => Answer::new("200 OK", WELCOME),
        Err(refusal) => refusal,
    };
    wire.send(&answer.into_bytes())
}
