//! Which carrier gets the session, and what the others are told.

use alloc::vec::Vec;
use core::time::Duration;

use super::admission::{refusal_packet, unknown_session};
use super::carrier::{Carrier, Http, Retired, Socket};
use super::output::{SessionAnswer, SessionOutput};
use super::session::Session;
use crate::bucket::Bucket;
use crate::close::{Close, CloseCode};
use crate::id::CarrierId;
use crate::planted::planted;
use crate::stream::ReceiveCursor;
use crate::time::Timestamp;
use crate::transport::Transport;
use crate::wire::{Hello, HelloMode, Welcome, Writer};

/// How long a socket that lost a race may take to say hello again.
const RETIRED_GRACE: Duration = Duration::from_secs(15);

/// Sockets that lost a race and are kept at once.
const MAX_RETIRED: usize = 2;

impl Session {
    /// Makes `carrier` the one that carries the session, if its attach number wins.
    pub(super) fn try_attach(
        &mut self,
        now: Timestamp,
        carrier: CarrierId,
        hello: &Hello,
    ) -> Result<(), Refusal> {
        if self.is_ended() {
            let close = Close::new(CloseCode::EXPIRED, "expired: the session is over");
            return Err(Refusal::Closed(close));
        }
        // A process that died with its sessions may get a late create of one of them, and make it again. The client knows
        // another one under this key: their streams have nothing in common.
        let other = hello.resume && hello.session != 0 && hello.session != self.id;
        if other && !planted!(self, SessionNameIgnored) {
            return Err(Refusal::Closed(unknown_session()));
        }
        // The streams are numbered by one client. A second one with the same key, as a duplicated tab would be, cannot go on
        // with them: its messages would pass for repetitions, be acknowledged, and be lost.
        if hello.instance != self.instance && !planted!(self, AnotherClientAccepted) {
            return Err(Refusal::Closed(superseded()));
        }
        let again = hello.mode != HelloMode::Socket
            && !matches!(self.carrier, Carrier::Socket(_))
            && hello.attach == self.attach;
        if !again {
            self.attaches.take(now).map_err(|wait| {
                let close = Close::new(CloseCode::RATE, "rate: too many attaches");
                Refusal::Closed(close.after(wait.max(Duration::from_secs(1))))
            })?;
        }
        if hello.attach <= self.attach && !again && !planted!(self, StaleCarrierAccepted) {
            return Err(Refusal::Stale);
        }
        self.last_contact = now;
        let acknowledged = self
            .duplex
            .handle_ack(hello.ack)
            .map_err(|violation| Refusal::Closed(violation.close()))?;
        self.tell_acknowledged(acknowledged);
        if !(again && matches!(self.carrier, Carrier::Http(_))) {
            self.replace_carrier(now, carrier, hello);
        }
        Ok(())
    }

    /// Puts a new carrier in the place of the old one.
    fn replace_carrier(&mut self, now: Timestamp, carrier: CarrierId, hello: &Hello) {
        self.attach = hello.attach;
        self.resumed = core::mem::replace(&mut self.welcomed, true);
        let again = match &mut self.carrier {
            Carrier::Socket(old) if old.id == carrier => Some(old.writable),
            _ => None,
        };
        let next = if hello.mode == HelloMode::Socket {
            let mut socket = Socket::new(
                now,
                carrier,
                self.duplex.outbox.cursor(),
                self.config.control_burst,
            );
            // A packet may still be on its way on the same socket.
            socket.writable = again.unwrap_or(true);
            socket.welcome = Some(self.welcome(hello));
            Carrier::Socket(socket)
        } else {
            Carrier::Http(Http {
                transport: Transport::LongPolling,
                last_poll: 0,
                open: Vec::new(),
                last_seen: now,
                control: Bucket::new(now, self.config.control_burst, Duration::from_secs(1)),
            })
        };
        match core::mem::replace(&mut self.carrier, next) {
            Carrier::Socket(old) if old.id == carrier => {}
            Carrier::Socket(old) => self.retire(now, old.id, old.receive),
            Carrier::Http(old) => {
                // Moving on is no error of these requests: browsers would show one in their console.
                for exchange in old.open {
                    let answer = self.final_answer(&exchange, &stale());
                    self.outputs.push_back(answer);
                }
            }
            Carrier::Detached => {}
        }
    }

    fn retire(&mut self, now: Timestamp, id: CarrierId, receive: ReceiveCursor) {
        if self.retired.len() == MAX_RETIRED {
            let oldest = self.retired.remove(0);
            self.drop_socket(oldest.id, stale());
        }
        self.retired.push(Retired {
            id,
            receive,
            control: Bucket::new(now, self.config.control_burst, Duration::from_secs(1)),
            until: now + RETIRED_GRACE,
        });
    }

    pub(super) fn welcome(&mut self, hello: &Hello) -> Welcome {
        let limits = &self.config.limits;
        Welcome {
            attach: hello.attach,
            resumed: self.resumed,
            session: self.id,
            ack: self.duplex.take_ack(),
            max_message: limits.max_message,
            window_bytes: limits.window_bytes,
            window_messages: limits.window_messages,
            life_ms: self.config.life.as_millis() as u64,
            heartbeat_ms: self.config.heartbeat.as_millis() as u64,
        }
    }

    /// Answers a hello that does not get the session.
    pub(super) fn refuse(&mut self, carrier: CarrierId, mode: HelloMode, close: Close) {
        if mode != HelloMode::Socket {
            let answer = refusal(close);
            return self
                .outputs
                .push_back(SessionOutput::Respond { carrier, answer });
        }
        if matches!(self.carrier, Carrier::Socket(Socket { id, .. }) if id == carrier) {
            return self.fail_socket(carrier, close);
        }
        self.drop_socket(carrier, close);
    }

    /// Answers a hello whose number was overtaken by another carrier of the same client.
    ///
    /// The socket stays: it may be the better transport, and says hello again without a new handshake.
    pub(super) fn refuse_stale(&mut self, now: Timestamp, carrier: CarrierId, mode: HelloMode) {
        if mode != HelloMode::Socket {
            let answer = SessionAnswer {
                // The client itself was faster elsewhere: no error, which browsers would show in their console.
                status: 200,
                ..refusal(stale())
            };
            return self
                .outputs
                .push_back(SessionOutput::Respond { carrier, answer });
        }
        if matches!(&self.carrier, Carrier::Socket(socket) if socket.id == carrier) {
            return self.fail_socket(carrier, stale());
        }
        self.retire(now, carrier, None);
        let mut writer = Writer::default();
        writer.stale();
        let packet = writer.into_packet();
        self.outputs
            .push_back(SessionOutput::Transmit { carrier, packet });
    }

    /// The socket that carries the session broke a rule: it goes, the session stays.
    pub(super) fn fail_socket(&mut self, carrier: CarrierId, close: Close) {
        self.drop_socket(carrier, close);
        if matches!(self.carrier, Carrier::Socket(Socket { id, .. }) if id == carrier) {
            self.detach();
        }
    }
}

/// The answer that says why an exchange is refused.
fn refusal(close: Close) -> SessionAnswer {
    SessionAnswer {
        status: close.code.http_status(),
        body: refusal_packet(&close),
        close: Some(close),
    }
}

/// Why a hello does not get the session.
pub(super) enum Refusal {
    Closed(Close),
    /// Another carrier of the same client has a higher number.
    Stale,
}

pub(super) fn stale() -> Close {
    Close::new(
        CloseCode::SUPERSEDED,
        "stale: a higher attach number holds the session",
    )
}

fn superseded() -> Close {
    Close::new(
        CloseCode::SUPERSEDED,
        "superseded: another client holds the session",
    )
}
