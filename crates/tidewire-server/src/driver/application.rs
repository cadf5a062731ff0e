//! What the application tells a session and asks it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Duration;

use tidewire_proto::{Close, MessageId, Payload, SendError, SendErrorKind, Timestamp, Transport};
use tokio::sync::futures::Notified;

use super::{Driver, End};
use crate::closing::in_due_form;
use crate::metrics::count;

impl Driver {
    pub(crate) fn try_send(&self, payload: Payload) -> Result<MessageId, SendError> {
        let mut state = self.lock();
        if state.end.is_some() {
            return Err(SendError {
                payload,
                kind: SendErrorKind::Closed,
            });
        }
        let id = state.machine.send(self.clock.now(), payload)?;
        drop(state);
        self.turn.notify_one();
        if let Some(hub) = self.hub.upgrade() {
            count(&hub.counters.messages_sent);
        }
        Ok(id)
    }

    /// Completes when there may be room again. Take it before a `try_send` that may fail, or the moment can be missed.
    pub(crate) fn capacity(&self) -> Notified<'_> {
        self.capacity.notified()
    }

    /// Completes when the session has ended. Take it before asking for the [`end`](Self::end).
    pub(crate) fn over(&self) -> Notified<'_> {
        self.over.notified()
    }

    /// The same as [`capacity`](Self::capacity), for the one sink.
    pub(crate) fn wake_sink(&self, cx: &Context<'_>) {
        self.lock().sink = Some(cx.waker().clone());
    }

    /// The next message; taking it acknowledges it to the client.
    pub(crate) fn poll_message(&self, cx: &Context<'_>) -> Poll<Option<Payload>> {
        let mut state = self.lock();
        let Some(payload) = state.inbox.pop_front() else {
            if state.end.is_some() {
                return Poll::Ready(None);
            }
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        };
        if state.end.is_none() {
            state.machine.consumed(self.clock.now(), 1);
        }
        drop(state);
        self.turn.notify_one();
        if let Some(hub) = self.hub.upgrade() {
            count(&hub.counters.messages_received);
        }
        Poll::Ready(Some(payload))
    }

    /// Whether the client has acknowledged this message.
    pub(crate) fn poll_receipt(
        &self,
        id: MessageId,
        cx: &Context<'_>,
    ) -> Poll<Result<(), Arc<End>>> {
        let mut state = self.lock();
        if state.acknowledged.is_some_and(|upto| upto >= id) {
            return Poll::Ready(Ok(()));
        }
        if let Some(end) = &state.end {
            return Poll::Ready(Err(Arc::clone(end)));
        }
        state.receipts.insert(id, cx.waker().clone());
        Poll::Pending
    }

    pub(crate) fn forget_receipt(&self, id: MessageId) {
        self.lock().receipts.remove(&id);
    }

    pub(crate) fn close(&self, close: Close) {
        let close = in_due_form(close);
        self.turn(|state, now| {
            // Only the first close counts, for whoever is there and for whoever comes back.
            state.farewell.get_or_insert_with(|| close.clone());
            state.machine.close(now, close);
        });
    }

    pub(crate) fn end_now(&self, close: &Close) {
        let close = in_due_form(close.clone());
        self.turn(|state, _| {
            state.machine.end(&close);
            state.farewell = Some(close);
        });
    }

    pub(crate) fn drain(&self, delay: Duration) {
        self.turn(|state, _| state.machine.drain(delay));
    }

    // Questions.

    pub(crate) fn end(&self) -> Option<Arc<End>> {
        self.lock().end.clone()
    }

    pub(crate) fn farewell(&self) -> Option<Close> {
        self.lock().farewell.clone()
    }

    /// Whether the client was told that the session ended, and why.
    pub(crate) fn was_told(&self) -> bool {
        self.lock().told
    }

    pub(crate) fn transport(&self) -> Option<Transport> {
        let state = self.lock();
        if state.end.is_some() {
            None
        } else {
            state.machine.transport()
        }
    }

    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.lock().peer
    }

    pub(crate) fn counts(&self) -> SessionCounts {
        let state = self.lock();
        SessionCounts {
            received: state.machine.received(),
            sent: state.machine.sent(),
            acknowledged: state.machine.acknowledged(),
            duplicates_dropped: state.machine.duplicates_dropped(),
            held_bytes: state.machine.held_bytes(),
        }
    }

    /// Bytes that count towards the hub's cap, and since when nothing was heard.
    pub(crate) fn detached(&self) -> Option<(Timestamp, usize)> {
        let bytes = self.detached_bytes.load(Relaxed);
        (bytes > 0).then(|| (self.lock().machine.last_contact(), bytes))
    }
}

/// What a session has counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SessionCounts {
    /// Messages of the client that were received.
    pub received: u64,
    /// Messages that were sent to the client.
    pub sent: u64,
    /// Messages that the client's application has acknowledged.
    pub acknowledged: u64,
    /// Messages or fragments that came again and were dropped.
    pub duplicates_dropped: u64,
    /// Bytes held for this session: sent and unacknowledged, and received and not yet taken.
    pub held_bytes: usize,
}
