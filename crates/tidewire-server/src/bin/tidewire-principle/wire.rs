//! TCP carries bytes, and nothing else.
//!
//! What one side writes in one call may reach the other in many pieces, and what it writes in many calls may arrive as
//! one. So whoever reads keeps what has arrived in a buffer, looks whether it holds a whole opening or frame, and if not
//! reads on. And a peer may stop at any byte, for ever: every call here has a deadline.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use crate::limits;

/// A connected socket, and the bytes that have arrived on it but are not used yet.
pub(crate) struct Wire<'a> {
    stream: &'a TcpStream,
    received: Vec<u8>,
}

/// Why nothing more comes or goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Loss {
    /// The peer has closed, or the network has broken.
    Gone,
    /// The deadline has passed.
    Late,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(stream: &'a TcpStream) -> Self {
        // Nagle's algorithm (RFC 9293, 3.7.4) would hold a small frame back until the one before is acknowledged. Where
        // that cannot be turned off, frames are later but no less right.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// What has arrived and is not taken yet.
    pub(crate) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Takes the first bytes of that away.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let count = count.min(self.received.len());
        self.received.drain(..count).collect()
    }

    /// Waits for more bytes, and takes at most so many.
    pub(crate) fn receive(&mut self, at_most: usize, deadline: Instant) -> Result<(), Loss> {
        let mut chunk = [0; limits::CHUNK];
        let count = read(self.stream, &mut chunk, at_most, deadline)?;
        self.received.extend(chunk.iter().take(count));
        Ok(())
    }

    /// Writes all of it, or fails: half a frame is of no use to anybody.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), Loss> {
        let deadline = Instant::now() + limits::WRITE_TIME;
        let mut rest = bytes;
        while !rest.is_empty() {
            // A write returns when the system has room for some of it: when the peer reads.
            let patience = remaining(deadline)?;
            self.stream
                .set_write_timeout(Some(patience))
                .map_err(|_| Loss::Gone)?;
            match self.stream.write(rest) {
                Ok(0) => return Err(Loss::Gone),
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if is_no_end(error.kind()) => {}
                Err(_) => return Err(Loss::Gone),
            }
        }
        Ok(())
    }

    /// Ends the connection so that the peer gets our last words.
    pub(crate) fn part(self) {
        // Fails where the connection has broken; then there is nobody to part from.
        if self.stream.shutdown(Shutdown::Write).is_ok() {
            see_off(self.stream, Instant::now() + limits::PARTING_TIME);
        }
    }
}

/// Reads and forgets until the peer has closed too, or the deadline has passed.
///
/// A socket that is closed while it holds bytes that were never read answers with a reset, and on a reset the peer's
/// system throws away what the peer has not read yet: our last words among it (RFC 1122, 4.2.2.13). So we first say that
/// no more will come, and close when the peer has said the same.
pub(crate) fn see_off(stream: &TcpStream, deadline: Instant) {
    let mut chunk = [0; limits::CHUNK];
    while read(stream, &mut chunk, limits::CHUNK, deadline).is_ok() {}
}

/// One read; at least one byte, or a loss.
fn read(
    mut stream: &TcpStream,
    chunk: &mut [u8],
    at_most: usize,
    deadline: Instant,
) -> Result<usize, Loss> {
    let room = at_most.min(chunk.len());
    let room = chunk.get_mut(..room).unwrap_or_default();
    loop {
        let patience = remaining(deadline)?;
        stream
            .set_read_timeout(Some(patience))
            .map_err(|_| Loss::Gone)?;
        match stream.read(room) {
            // The peer has sent its last byte.
            Ok(0) => return Err(Loss::Gone),
            Ok(count) => return Ok(count),
            Err(error) if is_no_end(error.kind()) => {}
            Err(_) => return Err(Loss::Gone),
        }
    }
}

/// Time until the deadline; never zero, which a socket takes for "no bound".
fn remaining(deadline: Instant) -> Result<Duration, Loss> {
    let patience = deadline.saturating_duration_since(Instant::now());
    if patience.is_zero() {
        return Err(Loss::Late);
    }
    Ok(patience)
}

/// A signal or the socket's own timer (Unix and Windows name it differently): the caller looks at the deadline again.
fn is_no_end(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut
    )
}
