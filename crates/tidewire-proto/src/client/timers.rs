//! The deadlines of a client.

use core::time::Duration;

use super::carriers::{Active, Socket};
use super::{Client, Phase};
use crate::config::{BareConfig, Mode};
use crate::event::{Cause, Output, Reason};
use crate::id::CarrierId;
use crate::planted::planted;
use crate::time::{Span, Timestamp};
use crate::transport::Transport;

/// A timer that fires later than this says that the page did not run: what it heard meanwhile may still be on its way.
const LATE: Span = Span::from_secs(2);

/// How late browsers run the timers of a hidden page that works: once a minute. What is later is a reason to look.
const LATE_HIDDEN: Span = Span::from_secs(70);

/// How often a probe's deadline may pass while the page does not run.
const MAX_EXTENSIONS: u8 = 2;

/// The shortest timer of a hidden page: browsers throttle shorter ones anyway, and each wakes it up.
const HIDDEN_PAUSE: Span = Span::from_secs(1);

impl Client {
    /// When [`handle_timeout`](Self::handle_timeout) must be called next, and why.
    pub fn poll_timeout(&mut self) -> Option<(Timestamp, Reason)> {
        let mut next = self.next_deadline();
        if self.hidden
            && let Some((deadline, _)) = &mut next
        {
            // A timer that is armed stays: put off at each fact, it would never fire on a busy page.
            let pause = self.now + HIDDEN_PAUSE;
            let earliest = self.armed.map_or(pause, |armed| armed.min(pause));
            *deadline = (*deadline).max(earliest);
        }
        self.armed = next.map(|(deadline, _)| deadline);
        next
    }

    fn next_deadline(&self) -> Option<(Timestamp, Reason)> {
        let mut next: Option<(Timestamp, Reason)> = None;
        let mut consider = |deadline: Option<Timestamp>, reason: Reason| {
            if let Some(deadline) = deadline
                && next.is_none_or(|(earliest, _)| deadline < earliest)
            {
                next = Some((deadline, reason));
            }
        };
        match self.phase {
            Phase::Closed | Phase::Idle => return None,
            Phase::Open => {
                consider(self.stable_at, Reason::Stable);
                consider(self.drain_at, Reason::Drain);
                consider(self.ack_deadline(), Reason::Acknowledge);
                if self.active == Active::Http {
                    consider(self.ladder.socket_probe_at, Reason::Promotion);
                    consider(self.ladder.hold_probe_at, Reason::Promotion);
                }
            }
            Phase::Preparing { deadline } => consider(Some(deadline), Reason::Prepare),
            Phase::Racing { stagger_at } => consider(stagger_at, Reason::Stagger),
            // What the application does not take is no matter of time.
            Phase::Waiting { until } => {
                consider((!self.is_clogged()).then_some(until), Reason::Backoff);
            }
        }
        consider(
            self.closing.as_ref().map(|closing| closing.deadline),
            Reason::Close,
        );
        for socket in &self.sockets {
            if !socket.is_live() && planted!(self, ProbeNeverClosed) {
                continue;
            }
            if !socket.is_live() {
                consider(Some(socket.deadline), Reason::Handshake);
            } else if let Mode::Bare(bare) = &self.config.mode {
                consider(
                    bare.idle_timeout.map(|idle| socket.last_heard + idle),
                    Reason::Silence,
                );
                let beat_at = self.beat_at.filter(|_| socket.writable);
                consider(beat_at, Reason::Heartbeat);
            } else {
                match &socket.probe {
                    Some(probe) => consider(Some(probe.deadline), Reason::Probe),
                    None => consider(Some(socket.last_heard + self.silence()), Reason::Silence),
                }
            }
        }
        if let Some(http) = &self.http {
            for slot in [&http.poll, &http.send] {
                let deadline = slot.as_ref().map(|exchange| exchange.deadline);
                consider(deadline, Reason::Request);
            }
            let rests = http.poll.is_none() && self.rests(self.now);
            consider(rests.then_some(http.rests_until), Reason::Poll);
            let scheduled = self.http_transport() == Transport::Polling && self.can_request();
            consider(scheduled.then_some(http.poll_at), Reason::Poll);
        }
        next
    }

    /// When an acknowledgement that can be sent is due.
    fn ack_deadline(&self) -> Option<Timestamp> {
        let due = self.duplex.ack_due()?;
        let possible = match self.active {
            Active::None => false,
            Active::Http => self.can_request(),
            Active::Socket(id) => self
                .sockets
                .iter()
                .any(|socket| socket.id == id && socket.writable),
        };
        possible.then_some(due)
    }

    /// Whether an HTTP request that is due would be sent.
    fn can_request(&self) -> bool {
        let told = self
            .closing
            .as_ref()
            .is_some_and(|closing| closing.told.is_some());
        let free = self.http.as_ref().is_some_and(|http| {
            let slot = match self.http_transport() {
                Transport::LongPolling if http.welcomed => &http.send,
                _ => &http.poll,
            };
            slot.is_none() && !http.overtaken
        });
        free && !told
    }

    /// A deadline passed.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.now = now;
        if let Some(armed) = self.armed.take()
            && now > armed + LATE
        {
            self.forgive_late(now);
            if !self.hidden || now > armed + LATE_HIDDEN {
                self.wake(now);
            }
        }
        match self.phase {
            Phase::Closed | Phase::Idle => return,
            Phase::Open => self.pass_open(now),
            Phase::Preparing { deadline } if deadline <= now => {
                self.retry(now, Cause::Provider("it took too long".into()));
            }
            Phase::Racing {
                stagger_at: Some(at),
            } if at <= now => self.open_http(now),
            Phase::Waiting { until } if until <= now && !self.is_clogged() => {
                self.start_attempt(now);
            }
            Phase::Preparing { .. } | Phase::Racing { .. } | Phase::Waiting { .. } => {}
        }
        self.pass_candidates(now);
        self.pass_silence(now);
        self.pass_exchanges(now);
        if self
            .closing
            .as_ref()
            .is_some_and(|closing| closing.deadline <= now)
        {
            self.close_now();
        }
    }

    fn pass_open(&mut self, now: Timestamp) {
        if self.stable_at.is_some_and(|at| at <= now) {
            self.stable_at = None;
            self.has_lasted = true;
            self.backoff.reset();
            if let Some(transport) = self.transport() {
                self.ladder.note_stable(transport);
            }
        }
        if self.drain_at.is_some_and(|at| at <= now) {
            self.drain_at = None;
            // Asked twice, it is still on its way.
            if self.sockets.len() == 1 {
                self.open_socket(now);
            }
        }
        self.probe_upwards(now);
    }

    /// Sockets that do not come about.
    fn pass_candidates(&mut self, now: Timestamp) {
        let patient = planted!(self, ProbeNeverClosed);
        let overdue = |socket: &&Socket| !socket.is_live() && socket.deadline <= now && !patient;
        while let Some(id) = self.sockets.iter().find(overdue).map(|socket| socket.id) {
            self.close_socket(id, None);
            self.fail_socket(now, id, Cause::TimedOut);
        }
    }

    fn pass_silence(&mut self, now: Timestamp) {
        let Active::Socket(id) = self.active else {
            return;
        };
        let silence = self.silence();
        if let Mode::Bare(bare) = &self.config.mode {
            return self.pass_bare(now, id, bare.idle_timeout);
        }
        let Some(socket) = self.socket(id) else {
            return;
        };
        match socket.probe {
            Some(probe) if probe.deadline <= now => self.fail_silent_socket(now),
            Some(_) => {}
            None if socket.last_heard + silence <= now => self.probe(now),
            None => {}
        }
    }

    fn pass_bare(&mut self, now: Timestamp, id: CarrierId, idle: Option<Duration>) {
        let heard = self.socket(id).map_or(now, |socket| socket.last_heard);
        if idle.is_some_and(|idle| heard + idle <= now) {
            self.fail_silent_socket(now);
        }
    }

    /// HTTP exchanges that take too long.
    fn pass_exchanges(&mut self, now: Timestamp) {
        while let Some(exchange) = self
            .http
            .as_mut()
            .and_then(|http| http.take_if(|exchange| exchange.deadline <= now))
        {
            self.outputs.push_back(Output::Abort {
                carrier: exchange.id,
            });
            self.fail_exchange(now, &exchange, Cause::TimedOut);
        }
    }

    /// The page did not run for a while: what came meanwhile may be heard in a moment, so nothing is dead yet.
    fn forgive_late(&mut self, now: Timestamp) {
        let deadline = now + self.config.probe_timeout;
        for socket in &mut self.sockets {
            if let Some(probe) = &mut socket.probe
                && probe.extended < MAX_EXTENSIONS
            {
                probe.extended += 1;
                probe.deadline = probe.deadline.max(deadline);
            }
        }
        if let Some(http) = &mut self.http {
            http.for_each(|exchange| {
                if !exchange.extended {
                    exchange.extended = true;
                    exchange.deadline = exchange.deadline.max(deadline);
                }
            });
        }
    }

    /// The next heartbeat of the application's choice, in bare mode.
    pub(super) fn schedule_beat(&mut self, now: Timestamp) {
        self.beat_at = match &self.config.mode {
            Mode::Bare(BareConfig {
                heartbeat: Some((_, interval)),
                ..
            }) => Some(now + *interval),
            Mode::Bare(_) | Mode::Session => None,
        };
    }
}
