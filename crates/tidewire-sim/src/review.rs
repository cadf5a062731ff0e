//! After the network has healed: is everything as it should be, and soon enough?

use tidewire_proto::State;

use crate::host::Hosted;
use crate::plan::SECOND;
use crate::queue::Happening;
use crate::sockets::{ServerEnd, Socket};
use crate::world::World;

/// Time after healing, or after the last message that `send` accepted, within which everything that was said has been heard.
///
/// The worst chain of events, one after the other: the silence of a peer that died just before is found (15 s and a
/// probe of 2 s), the backoff is at its cap (45 s), the provider of URL and credentials is asked (10 s), the carrier
/// that is tried first is black-holed (10 s), the second one is used but its first exchange was lost just before healing
/// (8 s), a session that was closed is opened again (5 s), and what is left is transferred at 128 kB/s and taken by a slow
/// application (30 s).
const HEARD_WITHIN: u64 = 130 * SECOND;

/// How much longer it may take when the server or a proxy advised the client to wait.
const ADVICE: u64 = 30 * SECOND;

/// Time after healing within which the best transport that can work carries the session.
///
/// Background probes are up to five minutes apart, with jitter, and a probe that fails costs 10 s.
const PROMOTED_WITHIN: u64 = 400 * SECOND;

/// Attempts that a client may need once the network has healed: the one that was about to fail, and those that the last
/// requests of the faulty phase, repeated or answered late, may still disturb.
const ATTEMPTS: u64 = 3;

/// How many more it may need where the server's application closed a session: one is told so, and another one, if that code
/// brings it back, finds the session gone.
const ATTEMPTS_AFTER_CLOSE: u64 = 1;

/// Sockets that a session may hold at once: the one that carries it, and two that lost to it and may say hello again.
const MAX_ATTACHED: usize = 3;

/// How often the world is looked at.
const INTERVAL: u64 = SECOND;

impl World {
    /// The faults end. What lasts was bounded by this moment when it began.
    pub(crate) fn heal(&mut self) {
        self.healed = true;
        self.last_word = self.now;
        self.attempts_before = self.tallies.attempts;
        self.plan.heal();
        self.trace.line(self.now, || "HEALED".into());
        for tab in 0..self.tabs.len() {
            if tab != self.active && !self.tabs[tab].is_gone() {
                self.drop_tab(tab);
            }
        }
        if self.tabs[self.active].hold_permitted != self.plan.hold_permit {
            let permitted = self.plan.hold_permit;
            self.permit(self.active, permitted);
        }
        // What is left to be said is said now.
        self.queue.schedule(self.now, Happening::ClientSpeaks);
        self.queue.schedule(self.now, Happening::ServerSpeaks);
        self.queue.schedule(self.now + INTERVAL, Happening::Review);
    }

    pub(crate) fn review(&mut self) {
        if self.left_up > 0 || self.left_down > 0 {
            self.last_word = self.now;
        }
        self.check_lives();
        let tab = self.active;
        let missing = self.missing();
        let deadline = self.last_word + HEARD_WITHIN + if self.advised { ADVICE } else { 0 };
        if let Some(missing) = missing {
            if self.now > deadline {
                return self.breaks(&format!("after healing, {missing}"));
            }
            self.heard_at = None;
        } else {
            if self.heard_at.is_none() {
                self.heard_at = Some(self.now);
                self.tallies.slowest = self.tallies.slowest.max(self.now - self.last_word);
            }
            let state = self.tabs[tab].client.state();
            let best = self.plan.best();
            // Transports are ordered from the best on.
            if matches!((state, best), (State::Open(now), Some(best)) if now <= best) {
                self.done = true;
                let attempts = self.tallies.attempts - self.attempts_before;
                self.tallies.most_attempts = self.tallies.most_attempts.max(attempts);
                let more = if self.session_closed {
                    ATTEMPTS_AFTER_CLOSE
                } else {
                    0
                };
                if attempts > ATTEMPTS + more {
                    self.breaks(&format!("{attempts} attempts were needed after healing"));
                }
                return;
            }
            if self.now > self.last_word + PROMOTED_WITHIN {
                return self.breaks(&format!(
                    "after healing, the session is {state:?} and could be on {best:?}"
                ));
            }
        }
        self.queue.schedule(self.now + INTERVAL, Happening::Review);
    }

    /// Sessions end when their life is over, and not long after.
    pub(crate) fn check_lives(&mut self) {
        let life = u64::try_from(self.plan.server.life.as_micros()).unwrap_or(u64::MAX);
        let late = |hosted: &Hosted| {
            let last = hosted
                .machine
                .last_contact()
                .as_micros()
                .max(self.host.stopped_until);
            hosted.is_alive() && self.now > last + life + SECOND
        };
        if self.host.sessions.iter().any(late) {
            self.breaks("a session outlived its life");
        }
        for session in 0..self.host.sessions.len() {
            let attached = |socket: &&Socket| socket.at_server == ServerEnd::Attached(session);
            let sockets = self.sockets.iter().filter(attached).count();
            if sockets > MAX_ATTACHED {
                self.breaks(&format!("a session holds {sockets} sockets"));
            }
        }
    }

    fn missing(&self) -> Option<String> {
        let tab = self.active;
        if self.tabs[tab].is_gone() {
            return Some("the client is closed".into());
        }
        if !matches!(self.tabs[tab].client.state(), State::Open(_)) {
            return Some(format!("the client is {:?}", self.tabs[tab].client.state()));
        }
        if self.left_up > 0 || self.left_down > 0 {
            return Some("not everything was said".into());
        }
        if !self.tabs[tab].handed_back.is_empty() || !self.handed_back_down.is_empty() {
            return Some("a message waits for room that is never announced".into());
        }
        self.ledger.unfinished(tab)
    }
}
