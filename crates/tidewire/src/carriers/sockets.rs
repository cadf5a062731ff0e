//! The sockets of a client.

use tidewire_proto as proto;
use tidewire_proto::{CarrierId, Payload, Timestamp};

use super::{Carriers, with};
use crate::net::{Socket, SocketFact};
use crate::traffic::Traffic;

pub(super) struct Line {
    pub(super) carrier: CarrierId,
    pub(super) socket: Socket,
    /// The browser's send buffer was full when it was last looked at.
    pub(super) is_full: bool,
}

impl Carriers {
    pub(super) fn open_socket(&mut self, now: Timestamp, carrier: CarrierId) {
        let driver = self.driver.clone();
        let tell = move |fact| with(&driver, |this, now| this.socket_told(now, carrier, fact));
        self.observe(Traffic::SocketOpening { id: carrier.0 });
        match Socket::open(&self.address.socket, &self.protocols, tell) {
            Ok(socket) => self.sockets.push(Line {
                carrier,
                socket,
                is_full: false,
            }),
            Err(_) => {
                self.observe(Traffic::SocketClosed { id: carrier.0 });
                self.socket_failed(now, carrier);
            }
        }
    }

    fn socket_told(&mut self, now: Timestamp, carrier: CarrierId, fact: SocketFact) {
        match fact {
            SocketFact::Closed { code, reason } => {
                drop(self.take_socket(carrier));
                self.machine.handle_closed(now, carrier, code, &reason);
            }
            SocketFact::Message(message) => {
                self.observe(Traffic::PacketReceived {
                    id: carrier.0,
                    bytes: message.len(),
                });
                self.machine.handle_message(now, carrier, message);
            }
            SocketFact::Opened => {
                self.observe(Traffic::SocketOpened { id: carrier.0 });
                self.machine.handle_opened(now, carrier);
            }
        }
    }

    pub(super) fn transmit(&mut self, now: Timestamp, carrier: CarrierId, message: &Payload) {
        let Some(line) = self.sockets.iter_mut().find(|line| line.carrier == carrier) else {
            return;
        };
        if line.socket.send(message).is_err() {
            drop(self.take_socket(carrier));
            return self.socket_failed(now, carrier);
        }
        if line.socket.is_writable() {
            self.machine.handle_writable(now, carrier);
        } else {
            line.is_full = true;
        }
        self.observe(Traffic::PacketSent {
            id: carrier.0,
            bytes: message.len(),
        });
    }

    pub(super) fn look_at_full_sockets(&mut self, now: Timestamp) {
        for line in &mut self.sockets {
            if line.is_full && line.socket.is_writable() {
                line.is_full = false;
                self.machine.handle_writable(now, line.carrier);
            }
        }
    }

    /// The browser refused without saying why.
    fn socket_failed(&mut self, now: Timestamp, carrier: CarrierId) {
        self.machine
            .handle_closed(now, carrier, proto::CloseCode::ABNORMAL.0, "");
    }

    pub(super) fn take_socket(&mut self, carrier: CarrierId) -> Option<Line> {
        let index = self
            .sockets
            .iter()
            .position(|line| line.carrier == carrier)?;
        self.observe(Traffic::SocketClosed { id: carrier.0 });
        Some(self.sockets.swap_remove(index))
    }
}
