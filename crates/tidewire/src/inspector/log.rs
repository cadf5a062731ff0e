//! What happened to a client, as far as an inspector tells it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use tidewire_proto::{Transport, Verdict};
use yew::functional::{hook, use_mut_ref};

use super::words;
use crate::env::clock;
use crate::events::{Event, State};
use crate::hook::Incoming;

/// Entries that are kept, the newest ones.
const MAX_ENTRIES: usize = 200;

/// Switches of transport that are kept, the newest ones.
const MAX_SWITCHES: usize = 20;

/// Takes note of what a client tells, for an [`Inspector`](super::Inspector). Clones share the notes.
///
/// It keeps the newest 200 entries and 20 switches of transport. Messages that come one after another are one entry,
/// with their number and size; what is in them is not kept.
#[derive(Clone, Default)]
pub struct InspectorLog(Rc<RefCell<Notes>>);

/// A log that lives as long as the component.
#[hook]
pub fn use_inspector_log() -> InspectorLog {
    let log = use_mut_ref(InspectorLog::default);
    let log = log.borrow();
    log.clone()
}

impl InspectorLog {
    /// Takes note; to be called with everything that the client tells.
    pub fn take(&self, incoming: &Incoming) {
        let mut notes = self.0.borrow_mut();
        match incoming {
            Incoming::Event(event) => notes.take(event),
            Incoming::Message(message) => notes.count(Kind::Received, message.len()),
        }
    }

    /// What happened, newest first.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.0.borrow().entries.iter().cloned().collect()
    }

    /// The switches from one transport to another, newest first.
    pub(super) fn switches(&self) -> Vec<Entry> {
        self.0.borrow().switches.iter().cloned().collect()
    }
}

impl PartialEq for InspectorLog {
    /// Whether both share their notes.
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for InspectorLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InspectorLog").finish_non_exhaustive()
    }
}

/// One line.
#[derive(Clone)]
pub(super) struct Entry {
    /// Milliseconds since 1970.
    pub(super) at: f64,
    pub(super) what: What,
}

#[derive(Clone)]
pub(super) enum What {
    /// So many of the same, one after another.
    Counted {
        kind: Kind,
        count: u64,
        bytes: u64,
    },
    Said(String),
}

/// What comes so often that it is counted.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Kind {
    Dropped,
    Received,
}

#[derive(Default)]
struct Notes {
    entries: VecDeque<Entry>,
    switches: VecDeque<Entry>,
    /// What carried the session last.
    transport: Option<Transport>,
    /// Why it does not any more.
    cause: Option<String>,
}

impl Notes {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Connected { transport, verdict } => self.connected(*transport, *verdict),
            Event::Dropped { message, .. } => return self.count(Kind::Dropped, message.len()),
            Event::Hiccup { cause, .. } => self.cause = Some(words::cause(cause)),
            // Other events tell of these states, and why.
            Event::State(State::Closed | State::Open(_) | State::Waiting { .. }) => return,
            Event::TransportChanged { from, to } => {
                self.switch(*from, *to, words::move_reason(*from, *to));
            }
            Event::Closed { .. }
            | Event::Lost { .. }
            | Event::Missed(_)
            | Event::State(State::Connecting) => {}
        }
        let what = What::Said(words::event(event));
        push(&mut self.entries, what, MAX_ENTRIES);
    }

    /// A session that is carried again, by another transport than before, has moved.
    fn connected(&mut self, transport: Transport, verdict: Verdict) {
        let cause = self.cause.take();
        match (self.transport, cause, verdict) {
            (Some(from), Some(cause), _) if from != transport => {
                self.switch(from, transport, &cause);
            }
            // Nothing failed: the page itself was away.
            (Some(from), None, Verdict::Resumed { .. }) if from != transport => {
                self.switch(from, transport, words::RESTORED);
            }
            _ => self.transport = Some(transport),
        }
    }

    fn switch(&mut self, from: Transport, to: Transport, reason: &str) {
        self.transport = Some(to);
        let what = What::Said(words::switch(from, to, reason));
        push(&mut self.switches, what, MAX_SWITCHES);
    }

    /// Counts one more of a kind, in the newest entry where that is of the same kind.
    fn count(&mut self, kind: Kind, more: usize) {
        if let Some(entry) = self.entries.front_mut()
            && let What::Counted {
                kind: other,
                count,
                bytes,
            } = &mut entry.what
            && *other == kind
        {
            *count += 1;
            *bytes += more as u64;
            entry.at = clock::wall_millis();
            return;
        }
        let what = What::Counted {
            kind,
            count: 1,
            bytes: more as u64,
        };
        push(&mut self.entries, what, MAX_ENTRIES);
    }
}

fn push(entries: &mut VecDeque<Entry>, what: What, max: usize) {
    entries.truncate(max - 1);
    let at = clock::wall_millis();
    entries.push_front(Entry { at, what });
}
