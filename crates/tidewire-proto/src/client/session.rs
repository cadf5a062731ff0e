//! The session: what the application has taken of it, when the server is told, and what happens when it is lost.

use super::carriers::Active;
use super::{Client, Phase};
use crate::event::{Cause, Event};
use crate::id::{SessionKey, SessionNumber};
use crate::planted::planted;
use crate::stream::Duplex;
use crate::time::{Span, Timestamp};
use crate::transport::Transport;

/// How long an acknowledgement waits for the next poll of a schedule: the server waits for it where it closes, or where the
/// window is full.
const LONGEST_RIDE: Span = Span::from_secs(1);

impl Client {
    /// The application took so many messages of this session; this is what acknowledges them to the server.
    ///
    /// Where messages of lost sessions fill more than one window, the next session waits until enough of them were taken.
    pub fn consumed(&mut self, now: Timestamp, session: SessionNumber, messages: u64) {
        self.now = now;
        if session == self.session || planted!(self, ConsumedForAnotherSession) {
            let delay = self.ack_delay();
            return self.duplex.consumed(now, delay, messages);
        }
        let was_clogged = self.is_clogged();
        let mut sessions = self.left_over.iter();
        if let Some(index) = sessions.position(|(number, _)| *number == session)
            && let Some((_, inbox)) = self.left_over.get_mut(index)
        {
            inbox.consumed(messages);
            if inbox.waiting() == 0 {
                self.left_over.swap_remove(index);
            }
        }
        if let Phase::Waiting { until } = self.phase
            && was_clogged
            && until <= now
        {
            self.start_attempt(now);
        }
    }

    /// Whether the application has left so much of lost sessions untaken that another session has to wait: more than the window
    /// that each new one is given.
    pub(super) fn is_clogged(&self) -> bool {
        let limits = &self.config.limits;
        let messages: u64 = self
            .left_over
            .iter()
            .map(|(_, inbox)| inbox.waiting())
            .sum();
        let bytes: u64 = self
            .left_over
            .iter()
            .map(|(_, inbox)| inbox.waiting_bytes())
            .sum();
        messages > limits.window_messages || bytes > limits.window_bytes
    }

    /// An acknowledgement of its own costs a whole request over HTTP, so there it waits longer for company: on a schedule,
    /// for the next poll, where that is not far.
    pub(super) fn ack_delay(&self) -> Span {
        match self.active {
            Active::Http if self.http_transport() == Transport::Polling => {
                let next_poll = Span::from(self.config.polling_floor).min(LONGEST_RIDE);
                self.http_ack_delay().max(next_poll)
            }
            Active::Http => self.http_ack_delay(),
            Active::None | Active::Socket(_) => self.config.ack_delay.into(),
        }
    }

    pub(super) fn http_ack_delay(&self) -> Span {
        Span::from(self.config.ack_delay).times(8)
    }

    /// The session is over, and a new one begins with the next attempt.
    pub(super) fn lose_session(&mut self, cause: Cause) {
        let unconfirmed = self.duplex.take_unconfirmed();
        let room = self.duplex.outbox.take_capacity();
        let first_id = self.duplex.outbox.next_id();
        self.stats.duplicates_dropped += self.duplex.inbox.duplicates();
        self.stats.sessions_lost += 1;
        let next = Duplex::new(&self.config.limits, first_id);
        if planted!(self, SequenceNotReset) {
            self.duplex.outbox = next.outbox;
        } else {
            let inbox = core::mem::replace(&mut self.duplex, next).inbox;
            if inbox.waiting() > 0 {
                self.left_over.push((self.session, inbox.without_partial()));
            }
        }
        #[cfg(feature = "planted-bugs")]
        if let Some(bug) = self.bug {
            self.plant(bug);
        }
        self.key = SessionKey::draw(self.entropy.as_mut());
        self.session = SessionNumber(self.session.0.wrapping_add(1));
        self.attach = 0;
        self.welcomed = false;
        self.server_session = None;
        self.announced = false;
        self.has_lasted = false;
        self.emit(Event::Lost { cause, unconfirmed });
        if room {
            self.emit(Event::Capacity);
        }
    }
}
