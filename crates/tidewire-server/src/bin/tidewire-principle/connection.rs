//! An open connection: frames come in, and each whole message goes back (RFC 6455, 5 and 6).

use std::time::{Duration, Instant};

use crate::close::{self, Violation};
use crate::end::End;
use crate::frame::{self, Header};
use crate::message::Assembler;
use crate::opcode::Opcode;
use crate::transcript::{Direction, Recording};
use crate::wire::{Loss, Wire};
use crate::{limits, mask};

/// A connection after its opening.
pub(crate) struct Connection<'a, 'b> {
    wire: &'a mut Wire<'b>,
    recording: Option<Recording>,
    message: Assembler,
    /// Silence after which the peer is asked, and how long it may take to answer.
    patience: (Duration, Duration),
}

impl<'a, 'b> Connection<'a, 'b> {
    pub(crate) fn new(wire: &'a mut Wire<'b>, recording: Option<Recording>) -> Self {
        Self {
            wire,
            recording,
            message: Assembler::default(),
            patience: (limits::QUIET_TIME, limits::PONG_TIME),
        }
    }

    /// Echoes until one side ends it.
    pub(crate) fn run(mut self) {
        let end = loop {
            if let Err(end) = self.step() {
                break end;
            }
        };
        if let End::ByServer(violation) = end {
            let payload = close::payload(Some(violation.code), violation.rule);
            // Fails where the client does not read; it has lost its chance to learn why.
            let _ = self.send(Opcode::Close, &payload);
        }
        if let Some(recording) = self.recording {
            let (code, word) = end.describe();
            recording.end(code, word);
        }
    }

    /// Takes one frame and does what it asks for.
    fn step(&mut self) -> Result<(), End> {
        let (header, payload) = self.next_frame()?;
        match header.opcode {
            Opcode::Text | Opcode::Binary | Opcode::Continuation => {
                match self.message.add(&header, &payload)? {
                    Some((opcode, message)) => self.send(opcode, &message),
                    None => Ok(()),
                }
            }
            // "As soon as is practical", and with the same payload (RFC 6455, 5.5.3).
            Opcode::Ping => self.send(Opcode::Pong, &payload),
            // It was received, so the peer lives; there is nothing else to it.
            Opcode::Pong => Ok(()),
            Opcode::Close => {
                let code = close::read(&payload)?;
                self.send(Opcode::Close, &close::payload(code, ""))?;
                Err(End::ByClient(code))
            }
        }
    }

    /// The next frame, with its payload unmasked.
    fn next_frame(&mut self) -> Result<(Header, Vec<u8>), End> {
        if self.wire.received().is_empty() {
            self.await_first_byte()?;
        }
        let deadline = Instant::now() + limits::FRAME_TIME;
        let header = loop {
            match Header::parse(self.wire.received()) {
                Ok(Some(header)) => break header,
                Ok(None) => self.receive(deadline)?,
                Err(violation) => {
                    self.record_header(None);
                    return Err(violation.into());
                }
            }
        };
        let (mask, length) = match self.admit(&header) {
            Ok(admitted) => admitted,
            Err(violation) => {
                self.record_header(Some(&header));
                return Err(violation.into());
            }
        };
        let total = header.size.saturating_add(length);
        while self.wire.received().len() < total {
            self.receive(deadline)?;
        }
        let mut frame = self.wire.take(total);
        self.record(Direction::In, &frame);
        let mut payload = frame.split_off(header.size.min(frame.len()));
        mask::mask(&mut payload, mask);
        Ok((header, payload))
    }

    /// What can be said about a frame before its payload is there.
    fn admit(&self, header: &Header) -> Result<([u8; 4], usize), Violation> {
        let mask = header.mask.ok_or(Violation::protocol(
            "a frame of a client without a mask (RFC 6455, 5.1)",
        ))?;
        Ok((mask, self.message.admit(header)?))
    }

    /// A connection may be silent for long, but a peer that has gone without a word would be silent for ever, in a place
    /// that others wait for. A ping makes the difference, since each peer has to answer it.
    fn await_first_byte(&mut self) -> Result<(), End> {
        let (quiet, answer) = self.patience;
        match self.wire.receive(limits::CHUNK, Instant::now() + quiet) {
            Err(Loss::Late) => {
                self.send(Opcode::Ping, b"")?;
                self.receive(Instant::now() + answer)
            }
            Err(Loss::Gone) => Err(End::Lost),
            Ok(()) => Ok(()),
        }
    }

    fn receive(&mut self, deadline: Instant) -> Result<(), End> {
        let received = self.wire.receive(limits::CHUNK, deadline);
        received.map_err(|loss| match loss {
            Loss::Gone => End::Lost,
            Loss::Late => End::Silent,
        })
    }

    fn send(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), End> {
        let frame = frame::encode(opcode, payload);
        self.record(Direction::Out, &frame);
        self.wire.send(&frame).map_err(|loss| match loss {
            Loss::Gone => End::Lost,
            Loss::Late => End::Stalled,
        })
    }

    fn record(&self, direction: Direction, frame: &[u8]) {
        if let Some(recording) = &self.recording {
            // `usize` has at most 64 bits on every system that Rust builds for, so `as` loses nothing.
            recording.frame(direction, frame, frame.len() as u64);
        }
    }

    /// Records a frame that is refused by its header: what comes behind it is never received.
    fn record_header(&self, header: Option<&Header>) {
        let received = self.wire.received();
        let size = received
            .get(1)
            .map_or(0, |second| frame::header_size(*second));
        let bytes = received.get(..size).unwrap_or(received);
        let payload = header.map_or(0, |header| header.length);
        if let Some(recording) = &self.recording {
            let total = payload.saturating_add(bytes.len() as u64);
            recording.frame(Direction::In, bytes, total);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let client = TcpStream::connect(listener.local_addr().expect("its address"));
        let (server, _) = listener.accept().expect("a connection");
        (client.expect("a connection"), server)
    }

    #[test]
    fn a_silent_client_is_asked_and_then_left() {
        let (mut client, server) = pair();
        let mut wire = Wire::new(&server);
        let mut connection = Connection::new(&mut wire, None);
        connection.patience = (Duration::from_millis(20), Duration::from_millis(20));
        assert_eq!(connection.step(), Err(End::Silent));
        let mut ping = [0; 2];
        client.read_exact(&mut ping).expect("a ping");
        assert_eq!(ping, [0x89, 0]);
    }

    #[test]
    fn a_client_that_answers_is_kept() {
        let (mut client, server) = pair();
        let answering = std::thread::spawn(move || {
            for _ in 0..3 {
                client.read_exact(&mut [0; 2]).expect("a ping");
                client.write_all(&[0x8a, 0x80, 1, 2, 3, 4]).expect("a pong");
            }
        });
        let mut wire = Wire::new(&server);
        let mut connection = Connection::new(&mut wire, None);
        connection.patience = (Duration::from_millis(20), limits::PONG_TIME);
        for _ in 0..3 {
            assert_eq!(connection.step(), Ok(()));
        }
        answering.join().expect("three pings");
        assert_eq!(connection.step(), Err(End::Lost));
    }
}
