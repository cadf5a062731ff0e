//! The deadlines of a session.

use core::time::Duration;

use super::attach::stale;
use super::carrier::{Carrier, Phase};
use super::session::Session;
use crate::close::{Close, CloseCode};
use crate::event::{Cause, Reason};
use crate::planted::planted;
use crate::time::Timestamp;
use crate::wire::HelloMode;

/// Silence of a client on HTTP after which its session counts as detached: above the longest interval of scheduled polling.
const HTTP_SILENCE: Duration = Duration::from_secs(20);

impl Session {
    /// When [`handle_timeout`](Self::handle_timeout) must be called next, and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Reason)> {
        let mut next: Option<(Timestamp, Reason)> = None;
        let mut consider = |deadline: Option<Timestamp>, reason: Reason| {
            if let Some(deadline) = deadline
                && next.is_none_or(|(earliest, _)| deadline < earliest)
            {
                next = Some((deadline, reason));
            }
        };
        match &self.phase {
            Phase::Ended => return None,
            Phase::Active => {}
            Phase::Closing { deadline, .. } => consider(Some(*deadline), Reason::Close),
        }
        let expires = !planted!(self, ResumePastExpiry);
        consider(expires.then(|| self.expiry()), Reason::Expiry);
        consider(
            self.retired.iter().map(|retired| retired.until).min(),
            Reason::Retired,
        );
        match &self.carrier {
            Carrier::Detached => {}
            Carrier::Http(http) => {
                let held = http
                    .open
                    .iter()
                    .find(|exchange| matches!(exchange.mode, HelloMode::Hold { .. }));
                consider(
                    http.open.iter().map(|exchange| exchange.until).min(),
                    Reason::Hold,
                );
                consider(
                    held.and_then(|_| self.duplex.ack_due()),
                    Reason::Acknowledge,
                );
                consider(
                    http.open.is_empty().then(|| http.last_seen + HTTP_SILENCE),
                    Reason::Silence,
                );
            }
            Carrier::Socket(socket) => {
                let ack_due = self.duplex.ack_due().filter(|_| socket.writable);
                consider(ack_due, Reason::Acknowledge);
                match socket.overdue {
                    Some(overdue) => consider(Some(overdue), Reason::Probe),
                    None => consider(
                        Some(self.heartbeat(socket.last_sent, socket.last_heard)),
                        Reason::Heartbeat,
                    ),
                }
            }
        }
        next
    }

    /// A deadline passed.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.is_ended() {
            return;
        }
        if self.expiry() <= now && !planted!(self, ResumePastExpiry) {
            let close = Close::new(
                CloseCode::EXPIRED,
                "expired: the session was not heard of for too long",
            );
            return self.finish(&close, Cause::TimedOut);
        }
        while let Some(index) = self.retired.iter().position(|retired| retired.until <= now) {
            let retired = self.retired.remove(index);
            self.drop_socket(retired.id, stale());
        }
        let due = match &self.carrier {
            Carrier::Socket(socket) if socket.overdue.is_none() => {
                self.heartbeat(socket.last_sent, socket.last_heard) <= now
            }
            _ => false,
        };
        match &mut self.carrier {
            Carrier::Detached => {}
            Carrier::Http(http) => {
                if http.open.is_empty() && http.last_seen + HTTP_SILENCE <= now {
                    self.detach();
                }
            }
            Carrier::Socket(socket) => {
                if socket.overdue.is_some_and(|overdue| overdue <= now) {
                    let id = socket.id;
                    let close =
                        Close::new(CloseCode::TIMEOUT, "timeout: a heartbeat was not answered");
                    self.drop_socket(id, close);
                    self.detach();
                } else if due {
                    self.pings += 1;
                    socket.ping = Some(self.pings);
                    socket.overdue = Some(now + self.config.heartbeat_grace);
                }
            }
        }
    }

    /// When the session is over unless something happens.
    fn expiry(&self) -> Timestamp {
        let life = self.last_contact + self.config.life;
        match self.config.idle_expiry {
            Some(idle) => life.min(self.last_message + idle),
            None => life,
        }
    }

    /// When the next heartbeat is due: silence in either direction counts.
    fn heartbeat(&self, last_sent: Timestamp, last_heard: Timestamp) -> Timestamp {
        last_sent.min(last_heard) + self.config.heartbeat
    }
}
