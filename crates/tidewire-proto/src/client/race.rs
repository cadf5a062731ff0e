//! Attempts: starting them, racing the transports, choosing the winner, and what follows a failure.

use super::carriers::{Active, Http, Socket};
use super::{Client, Phase};
use crate::backoff::share;
use crate::close::{Close, CloseCode, Reaction};
use crate::event::{Cause, Event, Output, Verdict};
use crate::id::CarrierId;
use crate::planted::planted;
use crate::time::{Span, Timestamp};
use crate::transport::Transport;

/// Name of a refusal that says: a higher attach number of this same client holds the session.
const STALE: &str = "stale";

impl Client {
    /// Asks the application for URL and credentials; the race follows.
    pub(super) fn start_attempt(&mut self, now: Timestamp) {
        if self.is_clogged() {
            self.phase = Phase::Waiting { until: now };
            return;
        }
        self.last_attempt = Some(now);
        self.phase = Phase::Preparing {
            deadline: now + self.config.prepare_timeout,
        };
        self.outputs.push_back(Output::Prepare {
            reauthenticate: self.reauthenticate,
        });
    }

    /// Starts the transports: the socket first, HTTP beside it after a head start (RFC 8305 section 5).
    ///
    /// Sockets to one host are opened one after the other by browsers, so there is never a second one in a race.
    pub(super) fn race(&mut self, now: Timestamp) {
        let http = self.allows_http() && self.http.is_none();
        let distrusted = self.allows_http() && self.ladder.distrusts_socket(now);
        let running = !self.sockets.is_empty();
        let socket = self.config.allows(Transport::WebSocket) && !running && !distrusted;
        if socket {
            self.open_socket(now);
        }
        self.phase = Phase::Racing { stagger_at: None };
        if http {
            if socket && !self.ladder.prefers_http() {
                self.phase = Phase::Racing {
                    stagger_at: Some(now + self.config.stagger),
                };
            } else {
                self.open_http(now);
            }
        }
    }

    pub(super) fn open_socket(&mut self, now: Timestamp) {
        let carrier = self.draw_carrier();
        let deadline = now + self.config.handshake_timeout;
        let socket = Socket::new(now, carrier, deadline, self.duplex.outbox.cursor());
        self.sockets.push(socket);
        self.stats.of_mut(Transport::WebSocket).requests += 1;
        self.outputs.push_back(Output::OpenSocket { carrier });
    }

    pub(super) fn open_http(&mut self, now: Timestamp) {
        if let Phase::Racing { stagger_at } = &mut self.phase {
            *stagger_at = None;
        }
        if self.http.is_none() {
            let sent = self.duplex.outbox.cursor();
            self.http = Some(Http::new(
                now,
                self.config.polling_floor.into(),
                self.config.hold.into(),
                sent,
            ));
        }
    }

    /// The server has spoken on this carrier: it carries the session from here on.
    pub(super) fn activate(&mut self, now: Timestamp, winner: Active) {
        let was_open = self.phase == Phase::Open;
        let first = !core::mem::replace(&mut self.announced, true);
        self.active = winner;
        self.phase = Phase::Open;
        self.live_since = now;
        let told = match winner {
            Active::Socket(id) => self.socket(id).map(|socket| socket.told),
            Active::Http | Active::None => None,
        };
        let delay = self.ack_delay();
        if !planted!(self, AckLostOnSwitch) {
            self.duplex.retell(now, delay, told.unwrap_or_default());
        }
        self.stable_at = Some(now + self.config.stable_after);
        if let Active::Socket(id) = winner {
            self.drop_carriers(Some(id));
            self.drain_at = None;
        }
        let Some(transport) = self.transport() else {
            return;
        };
        self.ladder.note_good(transport);
        self.stats.of_mut(transport).connections += 1;
        if transport != Transport::WebSocket && self.config.allows(Transport::WebSocket) {
            let draw = self.entropy.next_u64();
            self.ladder.schedule_socket_probe(now, draw);
        }
        if !was_open {
            let verdict = if first || self.is_bare() {
                Verdict::Fresh
            } else {
                Verdict::Resumed {
                    received: self.duplex.outbox.received().messages,
                }
            };
            self.told_transport = Some(transport);
            self.emit(Event::Connected { transport, verdict });
        }
    }

    /// Closes every carrier but `keep`.
    pub(super) fn drop_carriers(&mut self, keep: Option<CarrierId>) {
        let unwanted = |socket: &&Socket| Some(socket.id) != keep;
        while let Some(id) = self.sockets.iter().find(unwanted).map(|socket| socket.id) {
            self.take_socket(id);
            self.close_socket(id, None);
        }
        self.drop_http();
        if keep.is_none() {
            self.active = Active::None;
            self.stable_at = None;
            self.drain_at = None;
        }
    }

    /// Lets go of HTTP; answers whether it was carrying or trying to.
    fn drop_http(&mut self) -> bool {
        let Some(mut http) = self.http.take() else {
            return false;
        };
        http.for_each(|exchange| {
            let carrier = exchange.id;
            self.outputs.push_back(Output::Abort { carrier });
        });
        true
    }

    pub(super) fn close_socket(&mut self, carrier: CarrierId, close: Option<Close>) {
        self.outputs
            .push_back(Output::CloseSocket { carrier, close });
    }

    /// A socket failed, is no longer wanted, or never came about.
    pub(super) fn fail_socket(&mut self, now: Timestamp, id: CarrierId, cause: Cause) {
        if !self.take_socket(id) {
            return;
        }
        self.stats.of_mut(Transport::WebSocket).failures += 1;
        if self.active == Active::Socket(id) {
            if now < self.live_since + self.config.stable_after {
                self.ladder.note_early_death(now);
            }
            return self.lose_carrier(now, cause);
        }
        self.ladder.note_socket_failure();
        if self.active == Active::Http {
            let draw = self.entropy.next_u64();
            self.ladder.schedule_socket_probe(now, draw);
        }
        if let Some(http) = &mut self.http
            && http.overtaken
        {
            http.reattach(now);
        }
        self.continue_race(now, cause);
    }

    /// HTTP failed for good, for this attempt.
    pub(super) fn fail_http(&mut self, now: Timestamp, cause: Cause) {
        if !self.drop_http() {
            return;
        }
        if self.active == Active::Http {
            return self.lose_carrier(now, cause);
        }
        if matches!(self.phase, Phase::Racing { .. }) {
            // A handshake that still runs is not waited for: it may be mute, and HTTP is retried beside it.
            self.retry(now, cause);
        }
    }

    /// A candidate is out of the race.
    fn continue_race(&mut self, now: Timestamp, cause: Cause) {
        let Phase::Racing { .. } = self.phase else {
            return;
        };
        if self.http.is_none() && self.allows_http() {
            return self.open_http(now);
        }
        if self.http.is_none() && self.sockets.is_empty() {
            self.retry(now, cause);
        }
    }

    /// What carried the session is gone.
    fn lose_carrier(&mut self, now: Timestamp, cause: Cause) {
        self.active = Active::None;
        self.stable_at = None;
        self.drain_at = None;
        self.stats.reconnects += 1;
        self.retry(now, cause);
    }

    /// Waits, then tries again.
    pub(super) fn retry(&mut self, now: Timestamp, cause: Cause) {
        let draw = self.entropy.next_u64();
        let advised = self.backoff.is_advised();
        let delay = self.backoff.next(draw);
        if advised {
            self.not_before = now + delay;
        }
        self.phase = Phase::Waiting { until: now + delay };
        self.emit(Event::Hiccup {
            cause,
            retry_in: delay.into(),
        });
    }

    /// The server refused or closed, and said why.
    ///
    /// `attach` is the number of the carrier that was told.
    pub(super) fn handle_refusal(
        &mut self,
        now: Timestamp,
        carrier: Refused,
        attach: u64,
        close: Close,
    ) {
        // The number that was refused may be one that this carrier has replaced since: the name tells.
        let is_stale = attach < self.attach || close.name() == STALE;
        if close.code == CloseCode::SUPERSEDED && is_stale && !self.is_bare() {
            return self.handle_overtaken(now, carrier, close);
        }
        // The server ends what else is open, a held poll above all, when it is told. Where that answer was lost, or the
        // session had ended before, it says to the next request that it is over.
        let is_over = matches!(close.code, CloseCode::NORMAL | CloseCode::EXPIRED);
        if self
            .closing
            .as_ref()
            .is_some_and(|closing| closing.told.is_some() && is_over)
        {
            return self.finish(Cause::ByApplication);
        }
        if self.is_spare(carrier) {
            // A better carrier is refused, as by another server behind the same name: what works goes on.
            return self.fail_carrier(now, carrier, Cause::Refused(close));
        }
        if let Some(delay) = close.retry_after {
            self.backoff.advise(delay.into());
        }
        let code = close.code;
        let cause = Cause::Refused(close);
        let reaction = match code.reaction() {
            // There is no session to lose or to fight for.
            Reaction::NewSession | Reaction::Superseded if self.is_bare() => Reaction::Retry,
            reaction => reaction,
        };
        match reaction {
            Reaction::GiveUp | Reaction::Superseded => self.finish(cause),
            Reaction::NewSession => {
                self.drop_carriers(None);
                if self.closing.is_some() {
                    return self.finish(cause);
                }
                let lasted = self.has_lasted;
                self.lose_session(cause.clone());
                let forgotten = matches!(code, CloseCode::UNKNOWN_SESSION | CloseCode::EXPIRED);
                if forgotten && lasted {
                    // The server is well and has just answered: what made it forget is over.
                    self.backoff.reset();
                }
                self.retry(now, cause);
            }
            Reaction::Reauthenticate => {
                self.drop_carriers(None);
                self.reauthenticate = true;
                self.retry(now, cause);
            }
            // One word of the server holds for every carrier to it: none is tried before the delay is over.
            Reaction::Retry if matches!(code, CloseCode::RATE | CloseCode::DRAINING) => {
                self.drop_carriers(None);
                self.retry(now, cause);
            }
            Reaction::Retry => self.fail_carrier(now, carrier, cause),
        }
    }

    /// Whether another carrier than this one carries the session.
    fn is_spare(&self, carrier: Refused) -> bool {
        match carrier {
            Refused::Http => matches!(self.active, Active::Socket(_)),
            Refused::Socket(id) => self.active != Active::None && self.active != Active::Socket(id),
        }
    }

    /// A carrier was told that a higher number holds the session, and that number is ours.
    fn handle_overtaken(&mut self, now: Timestamp, carrier: Refused, close: Close) {
        match carrier {
            Refused::Socket(id) => {
                self.close_socket(id, None);
                self.fail_socket(now, id, Cause::Refused(close));
            }
            Refused::Http => {
                let greeting = self.sockets.iter().any(|socket| socket.attach > 0);
                if let Some(http) = &mut self.http {
                    http.overtaken = true;
                    if !greeting {
                        http.reattach(now);
                    }
                }
            }
        }
    }

    /// The carrier is closed by us and counts as failed.
    pub(super) fn fail_carrier(&mut self, now: Timestamp, carrier: Refused, cause: Cause) {
        match carrier {
            Refused::Socket(id) => {
                self.close_socket(id, None);
                self.fail_socket(now, id, cause);
            }
            Refused::Http => self.fail_http(now, cause),
        }
    }

    /// The time to look for a better transport has come.
    pub(super) fn probe_upwards(&mut self, now: Timestamp) {
        if self.ladder.socket_probe_at.is_some_and(|at| at <= now) {
            self.ladder.socket_probe_at = None;
            if self.active == Active::Http && self.sockets.is_empty() {
                self.open_socket(now);
            }
        }
        if self.ladder.hold_probe_at.is_some_and(|at| at <= now) {
            self.ladder.hold_probe_at = None;
            if let Some(http) = &mut self.http {
                http.demoted = false;
                http.bad_holds = 0;
                http.hold = self.config.hold.into();
            }
        }
    }

    /// The server asked to move within `delay`: a new socket is opened before the old one goes.
    pub(super) fn schedule_move(&mut self, now: Timestamp, delay: Span) {
        if matches!(self.active, Active::Socket(_)) {
            let draw = self.entropy.next_u64();
            self.drain_at = Some(now + share(delay, draw));
        }
    }

    /// Whether any transport over HTTP may be used.
    fn allows_http(&self) -> bool {
        self.config.allows(Transport::LongPolling) || self.config.allows(Transport::Polling)
    }
}

/// The carrier on which a refusal came.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refused {
    Http,
    Socket(CarrierId),
}
