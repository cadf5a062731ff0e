//! What became of each message that was accepted.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tidewire_proto::{MessageId, Unconfirmed};

use crate::error::ReceiptError;

/// How far a message has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fate {
    /// The peer's application has it.
    Acknowledged,
    /// It will not be acknowledged; the error says what is known.
    Failed(ReceiptError),
    /// It waits in the outbox.
    Queued,
    /// It was handed to the browser. Nothing more is ever known in bare mode.
    Sent,
}

/// The handle on the fate of one message. It may be dropped: the message goes its way all the same.
///
/// As a future it resolves once the fate is sealed: `Ok` when the peer's application has the message
/// (in bare mode: when it was handed to the browser), else an error that says what is known.
#[must_use = "a receipt tells whether the message arrived; drop it explicitly where that does not matter"]
pub struct Receipt {
    id: MessageId,
    entry: Rc<Entry>,
}

struct Entry {
    fate: Cell<Fate>,
    /// Nothing more will be known.
    is_sealed: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Receipt {
    /// The name of the message, as in events.
    pub const fn id(&self) -> MessageId {
        self.id
    }

    /// How far the message has come until now.
    pub fn fate(&self) -> Fate {
        self.entry.fate.get()
    }
}

impl Future for Receipt {
    type Output = Result<(), ReceiptError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.entry.is_sealed.get() {
            self.entry.waker.replace(Some(context.waker().clone()));
            return Poll::Pending;
        }
        Poll::Ready(match self.fate() {
            Fate::Failed(error) => Err(error),
            Fate::Acknowledged | Fate::Queued | Fate::Sent => Ok(()),
        })
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("id", &self.id)
            .field("fate", &self.fate())
            .finish()
    }
}

/// The fates that are still open, oldest message first; bounded by the outbox.
#[derive(Default)]
pub(crate) struct Ledger {
    open: VecDeque<(MessageId, Rc<Entry>)>,
    /// How many of them, from the front, are known to be sent.
    sent: usize,
}

impl Ledger {
    pub(crate) fn add(&mut self, id: MessageId) -> Receipt {
        let entry = Rc::new(Entry {
            fate: Cell::new(Fate::Queued),
            is_sealed: Cell::new(false),
            waker: RefCell::new(None),
        });
        self.open.push_back((id, Rc::clone(&entry)));
        Receipt { id, entry }
    }

    /// All messages up to `id` are acknowledged.
    pub(crate) fn acknowledged(&mut self, id: MessageId, wake: &mut Vec<Waker>) {
        self.close_up_to(id, Fate::Acknowledged, wake);
    }

    /// All messages up to `id` were handed to the browser; `is_final`: nothing more will be known.
    pub(crate) fn sent(&mut self, id: MessageId, is_final: bool, wake: &mut Vec<Waker>) {
        if is_final {
            return self.close_up_to(id, Fate::Sent, wake);
        }
        while let Some((_, entry)) = self.open.get(self.sent).filter(|(open, _)| *open <= id) {
            entry.fate.set(Fate::Sent);
            self.sent += 1;
        }
    }

    pub(crate) fn dropped(&mut self, id: MessageId, wake: &mut Vec<Waker>) {
        self.fail(id, ReceiptError::Dropped(id), wake);
    }

    pub(crate) fn lost(&mut self, unconfirmed: &[Unconfirmed], wake: &mut Vec<Waker>) {
        for Unconfirmed {
            id, transmitted, ..
        } in unconfirmed
        {
            let error = ReceiptError::Unconfirmed {
                id: *id,
                transmitted: *transmitted,
            };
            self.fail(*id, error, wake);
        }
    }

    /// The client is gone: whatever is open stays unconfirmed.
    pub(crate) fn abandon(&mut self, wake: &mut Vec<Waker>) {
        self.sent = 0;
        for (id, entry) in self.open.drain(..) {
            let error = ReceiptError::Unconfirmed {
                id,
                transmitted: true,
            };
            seal(&entry, Fate::Failed(error), wake);
        }
    }

    fn close_up_to(&mut self, id: MessageId, fate: Fate, wake: &mut Vec<Waker>) {
        while self.open.front().is_some_and(|(open, _)| *open <= id) {
            if let Some((_, entry)) = self.open.pop_front() {
                self.sent = self.sent.saturating_sub(1);
                seal(&entry, fate, wake);
            }
        }
    }

    fn fail(&mut self, id: MessageId, error: ReceiptError, wake: &mut Vec<Waker>) {
        let Ok(index) = self.open.binary_search_by_key(&id, |(id, _)| *id) else {
            return;
        };
        if let Some((_, entry)) = self.open.remove(index) {
            if index < self.sent {
                self.sent -= 1;
            }
            seal(&entry, Fate::Failed(error), wake);
        }
    }
}

fn seal(entry: &Entry, fate: Fate, wake: &mut Vec<Waker>) {
    entry.fate.set(fate);
    entry.is_sealed.set(true);
    wake.extend(entry.waker.take());
}
