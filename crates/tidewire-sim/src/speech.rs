//! The simulated applications: who says how much, and when.

use tidewire_proto::{OverflowPolicy, SendErrorKind, Timestamp};

use crate::message::{LONGEST, Message, STAMPED};
use crate::plan::{SECOND, Speech};
use crate::queue::Happening;
use crate::world::World;

/// Longest pause between two turns once the network has healed.
const HEALED_PAUSE: u64 = SECOND / 2;

impl World {
    /// The application of the active tab sends a few messages in one turn.
    pub(crate) fn client_speaks(&mut self) {
        let tab = self.active;
        if self.tabs[tab].is_gone() {
            return;
        }
        let Some(burst) = self.burst(self.plan.up, self.left_up) else {
            return self.say_again(tab);
        };
        self.left_up -= burst;
        for _ in 0..burst {
            let message = self.compose(self.plan.up);
            self.tabs[tab].handed_back.push_back(message);
        }
        self.say_again(tab);
        self.speak_later_up();
    }

    /// A tab that the user does not look at says a word of its own.
    pub(crate) fn say_something(&mut self, tab: usize) {
        for _ in 0..self.chance.below(3) {
            let message = self.compose(self.plan.up);
            self.tabs[tab].handed_back.push_back(message);
        }
        self.say_again(tab);
    }

    /// Hands everything that waits to `send`, in one turn, until it is full.
    fn say_again(&mut self, tab: usize) {
        while let Some(message) = self.tabs[tab].handed_back.pop_front() {
            let policy = self.plan.policy;
            let now = self.tabs[tab].time(self.now);
            self.trace.number(u64::from(message.stamp));
            match self.tabs[tab].client.send(now, message.payload(), policy) {
                Ok(id) => {
                    self.tallies.sent += 1;
                    self.last_word = self.now;
                    let verdict = self.ledger.accepted(tab, id, message);
                    self.judge(verdict);
                }
                Err(error) => {
                    if !message.is(&error.payload) {
                        self.breaks("a message that was refused came back changed");
                    }
                    match (error.kind, policy) {
                        // Where nothing can be dropped, because all of it was transmitted, it is as with waiting.
                        (
                            SendErrorKind::Full,
                            OverflowPolicy::Wait | OverflowPolicy::DropOldest,
                        ) => {
                            self.tabs[tab].handed_back.push_front(message);
                            break;
                        }
                        (SendErrorKind::Full, OverflowPolicy::Refuse) => self.tallies.refused += 1,
                        (SendErrorKind::Closed, _) if self.ledger.is_leaving(tab) => {}
                        (kind, policy) => {
                            self.breaks(&format!("send was refused under {policy:?}: {kind:?}"));
                        }
                    }
                }
            }
        }
        self.settle(tab);
    }

    /// The application of the newest session sends a few messages in one turn.
    pub(crate) fn server_speaks(&mut self) {
        // The newest session may belong to nobody any more; once all is well, the user's own is the one to speak to.
        let own = self.ledger.session_of(self.active).filter(|_| self.healed);
        let Some(session) = own.or_else(|| self.host.newest()) else {
            return self.speak_later_down();
        };
        let burst = self.burst(self.plan.down, self.left_down);
        if let Some(burst) = burst {
            self.left_down -= burst;
            for _ in 0..burst {
                let message = self.compose(self.plan.down);
                self.handed_back_down.push_back(message);
            }
        }
        while let Some(mut message) = self.handed_back_down.pop_front() {
            if self.ledger.session_sent(session) == 0 {
                // The judge recognises a session by its first message.
                message.length = message.length.max(STAMPED);
            }
            let now = Timestamp::from_micros(self.now);
            self.trace.number(u64::from(message.stamp));
            match self.host.sessions[session]
                .machine
                .send(now, message.payload())
            {
                Ok(id) => {
                    self.tallies.sent += 1;
                    self.last_word = self.now;
                    let verdict = self.ledger.session_accepted(session, id, message);
                    self.judge(verdict);
                }
                Err(error) => {
                    if !message.is(&error.payload) {
                        self.breaks("a message that the server refused came back changed");
                    }
                    match error.kind {
                        SendErrorKind::Full => self.handed_back_down.push_front(message),
                        // The session is closing; what is left is for the next one.
                        SendErrorKind::Closed => self.handed_back_down.clear(),
                        kind => self.breaks(&format!("the server's send was refused: {kind:?}")),
                    }
                    break;
                }
            }
        }
        self.with_session(session, |_, _| {});
        if burst.is_some() {
            self.speak_later_down();
        }
    }

    pub(crate) fn speak_later_up(&mut self) {
        if self.left_up > 0 {
            let at = self.now + self.pause(self.plan.up);
            self.queue.schedule(at, Happening::ClientSpeaks);
        }
    }

    pub(crate) fn speak_later_down(&mut self) {
        if self.left_down > 0 {
            let at = self.now + self.pause(self.plan.down);
            self.queue.schedule(at, Happening::ServerSpeaks);
        }
    }

    fn pause(&mut self, speech: Speech) -> u64 {
        let mean = if self.healed {
            speech.pause.min(HEALED_PAUSE)
        } else {
            speech.pause
        };
        self.chance.interval(mean)
    }

    /// How many messages this turn brings, if any are left to be said.
    fn burst(&mut self, speech: Speech, left: u32) -> Option<u32> {
        let burst = u32::try_from(self.chance.between(1, speech.burst))
            .unwrap_or(1)
            .min(left);
        (burst > 0).then_some(burst)
    }

    fn compose(&mut self, speech: Speech) -> Message {
        self.stamps += 1;
        let length = if self.chance.permille(speech.large) {
            self.chance.magnitude(1_024, u64::from(LONGEST))
        } else {
            self.chance.between(0, speech.length)
        };
        let length = u32::try_from(length).unwrap_or(LONGEST);
        Message {
            stamp: self.stamps,
            length,
            text: self.chance.permille(500),
        }
    }
}
