//! The driver of a simulated session: what it does after each fact, and what the application hears.

use tidewire_proto::server::{SessionEvent, SessionOutput};
use tidewire_proto::{Cause, Close, CloseCode, Session, Timestamp};

use super::{MAX_OUTPUTS, MAX_SPIN};
use crate::queue::Happening;
use crate::world::World;

impl World {
    /// Does something to a session, then what its driver does after it.
    pub(crate) fn with_session(&mut self, index: usize, act: impl FnOnce(&mut Session, Timestamp)) {
        let now = Timestamp::from_micros(self.now);
        if self.host.sessions[index].forgotten {
            return;
        }
        act(&mut self.host.sessions[index].machine, now);
        let mut outputs = 0;
        while let Some(output) = self.host.sessions[index].machine.poll_output(now) {
            outputs += 1;
            if outputs > MAX_OUTPUTS {
                return self.breaks("a session gives outputs without an end");
            }
            self.perform_for_session(index, output);
        }
        self.arm_session(index);
        self.check_session(index);
        if std::mem::take(&mut self.host.sessions[index].has_room) {
            self.queue.schedule(self.now, Happening::ServerSpeaks);
        }
    }

    fn perform_for_session(&mut self, session: usize, output: SessionOutput) {
        match output {
            SessionOutput::Disconnect { carrier, close } => {
                self.trace.number(u64::from(close.code.0));
                self.trace.line(self.now, || {
                    format!(
                        "session {session} closes socket {} with {} {:?}",
                        carrier.0, close.code.0, close.reason
                    )
                });
                self.disconnect(carrier, close);
            }
            SessionOutput::Event(event) => self.session_hears(session, event),
            SessionOutput::Respond { carrier, answer } => {
                self.trace.number(u64::from(answer.status));
                self.trace.bytes(&answer.body);
                self.trace.line(self.now, || {
                    format!(
                        "session {session} answers {} with {} {}",
                        carrier.0,
                        answer.status,
                        crate::wire::describe(&answer.body)
                    )
                });
                self.respond(carrier, answer);
            }
            SessionOutput::Transmit { carrier, packet } => {
                self.trace.bytes(&packet);
                self.trace.line(self.now, || {
                    format!(
                        "session {session} -> socket {} {}",
                        carrier.0,
                        crate::wire::describe(&packet)
                    )
                });
                self.transmit_down(carrier, packet);
            }
        }
    }

    fn session_hears(&mut self, session: usize, event: SessionEvent) {
        self.trace.line(self.now, || {
            format!("session {session} says {}", crate::wire::summary(&event))
        });
        let verdict = self.ledger.session_event(session, &event);
        self.judge(verdict);
        match event {
            SessionEvent::Capacity => self.host.sessions[session].has_room = true,
            SessionEvent::Ended { cause, told, .. } => self.bury(session, &cause, told),
            SessionEvent::Message(_) => {
                self.tallies.delivered += 1;
                self.host.sessions[session].given += 1;
                if self.host.sessions[session].given == 1 {
                    let at = self.now + self.chance.below(self.plan.up.listening + 1);
                    self.queue.schedule(at, Happening::ServerTakes { session });
                }
            }
            _ => {}
        }
    }

    /// The application of the server takes messages that it was given.
    pub(crate) fn server_takes(&mut self, session: usize) {
        let hosted = &mut self.host.sessions[session];
        if hosted.forgotten || hosted.given == 0 {
            return;
        }
        let taken = u32::try_from(self.chance.between(1, u64::from(hosted.given))).unwrap_or(1);
        hosted.given -= taken;
        if hosted.given > 0 {
            let at = self.now + 1 + self.chance.below(self.plan.up.listening + 1);
            self.queue.schedule(at, Happening::ServerTakes { session });
        }
        for _ in 0..taken {
            self.ledger.session_took(session);
        }
        self.with_session(session, |machine, now| {
            machine.consumed(now, u64::from(taken));
        });
    }

    /// A session is over: its key is remembered, so that nobody creates it again.
    fn bury(&mut self, session: usize, cause: &Cause, told: bool) {
        let hosted = &self.host.sessions[session];
        if *cause == Cause::TimedOut {
            let last = hosted.machine.last_contact().as_micros();
            let life = u64::try_from(self.plan.server.life.as_micros()).unwrap_or(u64::MAX);
            if self.now < last + life {
                self.breaks("a session expired before its life was over");
            }
            self.tallies.expired += 1;
        }
        let hosted = &self.host.sessions[session];
        let close = hosted
            .farewell
            .clone()
            .unwrap_or_else(|| Close::new(CloseCode::EXPIRED, "expired: the session is over"));
        let key = hosted.key;
        if !self.handed_back_down.is_empty() {
            // What waited for room here is for another session now.
            self.queue.schedule(self.now, Happening::ServerSpeaks);
        }
        self.host.registry.remove(&key);
        self.host.ended.insert(key, (close, told));
    }

    pub(crate) fn session_timer(&mut self, session: usize, at: u64) {
        let hosted = &mut self.host.sessions[session];
        if hosted.armed != Some(at) {
            return;
        }
        hosted.armed = None;
        let repeats = if hosted.spin.0 == self.now {
            hosted.spin.1 + 1
        } else {
            0
        };
        hosted.spin = (self.now, repeats);
        if repeats > MAX_SPIN {
            return self.breaks("a session asks for a timer in the past again and again");
        }
        self.trace.number(at);
        self.with_session(session, |machine, now| machine.handle_timeout(now));
    }

    fn arm_session(&mut self, index: usize) {
        let hosted = &mut self.host.sessions[index];
        let deadline = hosted
            .machine
            .poll_timeout()
            .map(|(at, _)| at.as_micros().max(self.now));
        if deadline != hosted.armed {
            hosted.armed = deadline;
            if let Some(at) = deadline {
                self.queue
                    .schedule(at, Happening::SessionTimer { session: index, at });
            }
        }
    }

    fn check_session(&mut self, index: usize) {
        let limits = &self.plan.server.limits;
        let largest = crate::message::LONGEST as usize + tidewire_proto::Limits::MESSAGE_COST;
        let window = usize::try_from(limits.window_bytes).unwrap_or(usize::MAX);
        let waiting = usize::try_from(limits.window_messages).unwrap_or(usize::MAX)
            * tidewire_proto::Limits::MESSAGE_COST;
        let bound = limits.outbox_bytes + largest + window + waiting + largest;
        if self.host.sessions[index].machine.held_bytes() > bound {
            self.breaks("a session holds more bytes than its limits allow");
        }
    }
}
