//! One turn of a session: a mutation, the drain of the machine's outputs, and what follows from them.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard};

use tidewire_proto::server::{SessionEvent, SessionOutput};
use tidewire_proto::{Cause, Close, CloseCode, MessageId, Timestamp, Unconfirmed};

use super::{Driver, End, Outlet, SocketCommand, State};
use crate::metrics::count;

/// What happened in a turn and concerns the hub; done after the lock is released.
#[derive(Debug, Default)]
struct Aftermath {
    ended: bool,
    /// Another transport than before, or one instead of none, or none any more.
    moved: bool,
    resumed: bool,
}

impl Driver {
    /// One mutation and the drain after it; `None` when the session has ended, before or in this turn.
    pub(super) fn turn<R>(&self, mutate: impl FnOnce(&mut State, Timestamp) -> R) -> Option<R> {
        let _entered = self.span.enter();
        let now = self.clock.now();
        let mut state = self.lock();
        if state.end.is_some() {
            return None;
        }
        let carried_by = state.machine.transport();
        let result = mutate(&mut state, now);
        let mut aftermath = Aftermath::default();
        while let Some(output) = state.machine.poll_output(now) {
            self.carry_out(&mut state, output, &mut aftermath);
        }
        if state.machine.is_ended() && state.end.is_none() {
            // The machine always says why; should it not, the session still must not hang.
            self.finish(&mut state, Cause::Broken, Vec::new());
            aftermath.ended = true;
        }
        aftermath.moved = state.machine.transport() != carried_by;
        let sooner = match (state.machine.poll_timeout(), state.sleeps_until) {
            (Some((at, _)), Some(until)) => at < until,
            (next, until) => next.is_some() && until.is_none(),
        };
        let before = self.account(&state);
        let after = self.detached_bytes.load(Relaxed);
        drop(state);
        if sooner || aftermath.ended {
            self.turn.notify_one();
        }
        self.tell_hub(&aftermath, before, after);
        (!aftermath.ended).then_some(result)
    }

    fn carry_out(&self, state: &mut State, output: SessionOutput, aftermath: &mut Aftermath) {
        match output {
            SessionOutput::Disconnect { carrier, close } => {
                if let Some(Outlet::Socket(commands)) = state.carriers.remove(&carrier) {
                    // Full means that the task is gone or stuck: dropping its channel ends it.
                    let _ = commands.try_send(SocketCommand::Close(close));
                }
            }
            SessionOutput::Event(event) => self.hear(state, event, aftermath),
            SessionOutput::Respond { carrier, answer } => {
                if let Some(Outlet::Exchange(exchange)) = state.carriers.remove(&carrier)
                    && exchange.send(answer).is_err()
                {
                    state.machine.handle_closed(carrier);
                }
            }
            SessionOutput::Transmit { carrier, packet } => {
                let taken = match state.carriers.get(&carrier) {
                    Some(Outlet::Socket(commands)) => {
                        commands.try_send(SocketCommand::Transmit(packet)).is_ok()
                    }
                    _ => false,
                };
                if !taken {
                    state.carriers.remove(&carrier);
                    state.machine.handle_closed(carrier);
                }
            }
        }
    }

    fn hear(&self, state: &mut State, event: SessionEvent, aftermath: &mut Aftermath) {
        match event {
            SessionEvent::Acknowledged(id) => {
                state.acknowledged = Some(id);
                let later = MessageId(id.0.saturating_add(1));
                let waiting = state.receipts.split_off(&later);
                for waker in std::mem::replace(&mut state.receipts, waiting).into_values() {
                    waker.wake();
                }
            }
            SessionEvent::Attached { transport, resumed } => {
                tracing::debug!(transport = transport.name(), resumed, "attached");
                aftermath.resumed |= state.attached_once && resumed;
                state.attached_once = true;
            }
            SessionEvent::Capacity => {
                self.capacity.notify_waiters();
                if let Some(sink) = state.sink.take() {
                    sink.wake();
                }
            }
            SessionEvent::Detached => tracing::debug!("detached"),
            SessionEvent::Ended {
                cause,
                unconfirmed,
                told,
            } => {
                state.told = told;
                tracing::info!(
                    cause = name_of(&cause),
                    unconfirmed = unconfirmed.len(),
                    "session ended"
                );
                self.finish(state, cause, unconfirmed);
                aftermath.ended = true;
            }
            SessionEvent::Message(payload) => {
                state.inbox.push_back(payload);
                if let Some(reader) = state.reader.take() {
                    reader.wake();
                }
            }
            other => {
                tracing::warn!(event = ?std::mem::discriminant(&other), "unknown event");
            }
        }
    }

    fn finish(&self, state: &mut State, cause: Cause, unconfirmed: Vec<Unconfirmed>) {
        state.finish(cause, unconfirmed);
        self.capacity.notify_waiters();
        self.over.notify_waiters();
    }

    /// Brings the counted bytes up to date; returns what was counted before.
    fn account(&self, state: &State) -> usize {
        let counted = if state.end.is_some() || state.machine.transport().is_some() {
            0
        } else {
            state.machine.held_bytes()
        };
        self.detached_bytes.swap(counted, Relaxed)
    }

    fn tell_hub(&self, aftermath: &Aftermath, before: usize, after: usize) {
        let Some(hub) = self.hub.upgrade() else {
            return;
        };
        if aftermath.resumed {
            count(&hub.counters.resumed);
        }
        if aftermath.ended {
            hub.retire(self);
        } else if aftermath.moved {
            hub.changed.send_replace(());
        }
        hub.detached_changed(before, after);
    }

    /// The state, also after a panic under the lock: then the session has ended and its machine is not touched again.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        match self.state.lock() {
            Ok(state) => state,
            Err(poisoned) => {
                self.state.clear_poison();
                let mut state = poisoned.into_inner();
                if state.end.is_none() {
                    tracing::error!("a panic inside the session; it ends");
                    state.farewell =
                        Some(Close::new(CloseCode::INTERNAL, "panic: the session failed"));
                    self.finish(&mut state, Cause::Broken, Vec::new());
                    // The session's task takes it out of the registry: not from here, under the lock.
                    self.turn.notify_one();
                    if let Some(hub) = self.hub.upgrade() {
                        count(&hub.counters.panicked);
                    }
                }
                state
            }
        }
    }
}

impl State {
    fn finish(&mut self, cause: Cause, unconfirmed: Vec<Unconfirmed>) {
        self.end = Some(Arc::new(End { cause, unconfirmed }));
        // Closes the sockets that got no close frame, and answers the exchanges that got no answer.
        self.carriers.clear();
        for waker in std::mem::take(&mut self.receipts).into_values() {
            waker.wake();
        }
        for waker in [self.reader.take(), self.sink.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}

/// A cause as logs show it: without texts that came from the client.
fn name_of(cause: &Cause) -> &'static str {
    match cause {
        Cause::ByApplication => "closed by the application",
        Cause::PeerMisbehaved(rule) => rule,
        Cause::Refused(_) => "closed by the client",
        Cause::TimedOut => "expired",
        _ => "broken",
    }
}
