//! Is the server still there? Probes, and the events that call for one.

use super::carriers::{Active, Probe};
use super::{Client, Phase};
use crate::event::{Cause, PageEvent};
use crate::time::{Span, Timestamp};

/// Least time between two attempts, however often the page or the network wakes up.
const LEAST_PAUSE: Span = Span::from_secs(1);

/// How much longer than the server's heartbeat a silence must be to mean something.
const HEARTBEAT_MARGIN: Span = Span::from_secs(3);

impl Client {
    /// Something happened to the page or its network. None of it proves anything; it is a reason to look.
    pub fn handle_page(&mut self, now: Timestamp, event: PageEvent) {
        self.now = now;
        match event {
            PageEvent::Hidden => self.hidden = true,
            PageEvent::Offline => self.probe(now),
            PageEvent::Online => {
                self.ladder.forgive(now);
                self.wake(now);
            }
            PageEvent::Restored => {
                self.hidden = false;
                self.restore(now);
            }
            PageEvent::Resumed => self.wake(now),
            PageEvent::Visible => {
                self.hidden = false;
                self.wake(now);
            }
        }
    }

    /// Asks for a sign of life, or tries again at once.
    pub(super) fn wake(&mut self, now: Timestamp) {
        if let Phase::Waiting { until } = self.phase {
            let earliest = self.last_attempt.map_or(now, |last| last + LEAST_PAUSE);
            let until = until.min(now.max(earliest).max(self.not_before));
            self.phase = Phase::Waiting { until };
        }
        self.probe(now);
    }

    /// Whatever was connected is dead, even if it claims to be open.
    fn restore(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Closed | Phase::Idle | Phase::Preparing { .. } => return,
            Phase::Open | Phase::Racing { .. } | Phase::Waiting { .. } => {}
        }
        if self.active != Active::None {
            self.stats.reconnects += 1;
        }
        self.drop_carriers(None);
        let until = now.max(self.not_before);
        self.phase = Phase::Waiting { until };
        if until == now {
            self.start_attempt(now);
        }
    }

    /// Asks the carrier for a sign of life; without one within the time of a probe it is dead.
    pub(super) fn probe(&mut self, now: Timestamp) {
        if self.is_bare() {
            return;
        }
        let nonce = self.draw_ping();
        let deadline = now + self.config.probe_timeout;
        match self.active {
            Active::None => {}
            Active::Http => {
                // A held poll is asked anew: its connection may be dead while that of the probe is not.
                self.drop_hold(now);
                let Some(http) = &mut self.http else {
                    return;
                };
                // What was sent before may have been answered before: only a request from now on proves something. One that
                // brings messages keeps its time, which it may need on a slow link.
                http.ping = Some(nonce);
                http.probing = true;
                http.for_each(|exchange| {
                    if !exchange.brings {
                        exchange.probe = true;
                        exchange.deadline = exchange.deadline.min(deadline);
                    }
                });
                if http.overtaken {
                    // The socket that overtook it is what must answer.
                    for socket in &mut self.sockets {
                        socket.deadline = socket.deadline.min(deadline);
                    }
                }
            }
            Active::Socket(id) => {
                if let Some(socket) = self.socket(id)
                    && socket.probe.is_none()
                {
                    socket.ping = Some(nonce);
                    socket.probe = Some(Probe {
                        nonce,
                        sent_at: now,
                        deadline,
                        extended: 0,
                    });
                }
            }
        }
    }

    /// Silence of the server after which it is probed.
    pub(super) fn silence(&self) -> Span {
        Span::from(self.config.silence).max(self.heartbeat + HEARTBEAT_MARGIN)
    }

    /// The socket gave no sign of life in time.
    pub(super) fn fail_silent_socket(&mut self, now: Timestamp) {
        if let Active::Socket(id) = self.active {
            self.close_socket(id, None);
            self.fail_socket(now, id, Cause::TimedOut);
        }
    }
}
