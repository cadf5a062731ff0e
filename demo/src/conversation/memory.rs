//! What the conversation remembers: messages, events and figures, all of them bounded.

use std::cell::{Ref, RefCell, RefMut};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;

use tidewire::{
    Event, Fate, Incoming, Inspector, Message, Receipt, Transport, UseTidewire, Verdict,
};
use yew::platform::spawn_local;

use super::ledger::{Counts, Ledger};
use super::numbered::Tag;
use crate::clock;
use crate::frames::Frames;
use crate::notice::Failures;
use crate::words;

/// Rows that each list keeps, newest first.
pub(crate) const MAX_ROWS: usize = 100;

/// Messages of one burst.
pub(crate) const BURST: u64 = 1_000;

/// The memory of a conversation; clones share it.
#[derive(Clone)]
pub(crate) struct Memory(Rc<RefCell<Inside>>);

struct Inside {
    tag: Tag,
    next_number: u64,
    next_row: u64,
    sent: VecDeque<Sent>,
    received: VecDeque<Rc<Row>>,
    ledger: Ledger,
    burst: Option<Burst>,
    tally: Tally,
    trouble: Option<Trouble>,
    ending: Option<String>,
}

/// Shown in the list while somebody waits for it.
type SharedReceipt = Rc<RefCell<Receipt>>;

struct Sent {
    number: u64,
    text: String,
    receipt: SharedReceipt,
}

/// A line of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Row {
    pub(crate) key: u64,
    /// The small column: a number, a time, or who spoke.
    pub(crate) label: String,
    pub(crate) text: String,
    /// A word about it, where there is one.
    pub(crate) word: &'static str,
}

/// What the server said at each attach, and what was lost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    pub(crate) fresh: u64,
    pub(crate) resumed: u64,
    pub(crate) lost: u64,
    /// Messages that were unconfirmed when their session was lost.
    pub(crate) unconfirmed: u64,
    /// The session that is carried now, or was last, follows one that was lost.
    pub(crate) follows_loss: bool,
}

/// Attempts to connect that failed since the last success.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) failures: Failures,
    pub(crate) cause: String,
}

/// Many messages sent in one turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Burst {
    pub(crate) accepted: u64,
    pub(crate) acknowledged: u64,
    pub(crate) failed: u64,
    /// Why the rest was not accepted.
    pub(crate) refusal: Option<String>,
    /// Packets and bytes sent since; other messages of that time count too.
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// Milliseconds; 0 while it runs.
    pub(crate) elapsed: f64,
}

impl Burst {
    pub(crate) fn is_running(&self) -> bool {
        self.acknowledged + self.failed < self.accepted
    }
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(Inside {
            tag: Tag::random(),
            next_number: 1,
            next_row: 0,
            sent: VecDeque::new(),
            received: VecDeque::new(),
            ledger: Ledger::default(),
            burst: None,
            tally: Tally::default(),
            trouble: None,
            ending: None,
        })))
    }

    /// Takes what the client tells.
    pub(crate) fn take(&self, incoming: Incoming) {
        match incoming {
            Incoming::Message(message) => self.memory().take_message(&message),
            Incoming::Event(event) => self.memory().take_event(&event),
            _ => {}
        }
    }

    /// Sends a text with the next number, and draws again when its fate is known.
    ///
    /// # Errors
    ///
    /// Why it was refused, in words.
    pub(crate) fn send(
        &self,
        live: &UseTidewire,
        frames: &Frames,
        text: &str,
    ) -> Result<(), String> {
        let receipt = self.accept(live, text)?;
        let frames = frames.clone();
        spawn_local(async move {
            settled(&receipt).await;
            frames.request();
        });
        Ok(())
    }

    /// Sends [`BURST`] numbered messages in one turn, and follows them until all are settled.
    pub(crate) fn send_burst(&self, live: &UseTidewire, frames: &Frames) {
        let started = clock::now();
        let before = traffic(live);
        let mut burst = Burst::default();
        let mut receipts = Vec::new();
        for _ in 0..BURST {
            match self.accept(live, "burst") {
                Ok(receipt) => receipts.push(receipt),
                Err(refusal) => {
                    burst.refusal = Some(refusal);
                    break;
                }
            }
        }
        burst.accepted = receipts.len() as u64;
        self.memory().burst = Some(burst);
        let (memory, live, frames) = (self.clone(), live.clone(), frames.clone());
        spawn_local(async move {
            for receipt in receipts {
                let is_acknowledged = settled(&receipt).await;
                let now = traffic(&live);
                if let Some(burst) = &mut memory.memory().burst {
                    if is_acknowledged {
                        burst.acknowledged += 1;
                    } else {
                        burst.failed += 1;
                    }
                    burst.packets = now.0.saturating_sub(before.0);
                    burst.bytes = now.1.saturating_sub(before.1);
                    if !burst.is_running() {
                        burst.elapsed = clock::now() - started;
                    }
                }
                frames.request();
            }
        });
    }

    /// The tag of this page's messages.
    pub(crate) fn tag(&self) -> Tag {
        self.read().tag.clone()
    }

    /// The numbers that were without an echo when their session was lost.
    pub(crate) fn excused(&self) -> Vec<u64> {
        self.read().ledger.excused()
    }

    /// The sent messages that are listed, with their fate as of now.
    pub(crate) fn sent(&self) -> Vec<Rc<Row>> {
        let row = |sent: &Sent| {
            Rc::new(Row {
                key: sent.number,
                label: sent.number.to_string(),
                text: sent.text.clone(),
                word: words::fate(sent.receipt.borrow().fate()),
            })
        };
        self.read().sent.iter().map(row).collect()
    }

    /// The received messages that are listed.
    pub(crate) fn received(&self) -> Vec<Rc<Row>> {
        self.read().received.iter().cloned().collect()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.read().ledger.counts()
    }

    pub(crate) fn burst(&self) -> Option<Burst> {
        self.read().burst.clone()
    }

    pub(crate) fn tally(&self) -> Tally {
        self.read().tally
    }

    /// Why the last client that was closed for good was closed.
    pub(crate) fn ending(&self) -> Option<String> {
        self.read().ending.clone()
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.read().trouble.clone()
    }

    fn accept(&self, live: &UseTidewire, text: &str) -> Result<SharedReceipt, String> {
        let (number, message) = {
            let memory = self.read();
            if !memory.ledger.has_room() {
                return Err("Too many messages wait for their echo: wait for some.".into());
            }
            (
                memory.next_number,
                memory.tag.write(memory.next_number, text),
            )
        };
        let receipt = live.send(message).map_err(|error| words::refusal(&error))?;
        let mut memory = self.memory();
        memory.next_number += 1;
        // A client that drops what does not fit has settled it already.
        if !matches!(receipt.fate(), Fate::Failed(_)) {
            memory.ledger.sent(number);
        }
        let receipt = Rc::new(RefCell::new(receipt));
        let sent = Sent {
            number,
            text: text.to_owned(),
            receipt: Rc::clone(&receipt),
        };
        push(&mut memory.sent, sent);
        Ok(receipt)
    }

    fn memory(&self) -> RefMut<'_, Inside> {
        self.0.borrow_mut()
    }

    fn read(&self) -> Ref<'_, Inside> {
        self.0.borrow()
    }
}

impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Inside {
    /// The number and the text of a message that this page wrote.
    fn read_back<'m>(&self, message: &'m Message) -> Option<(u64, &'m str)> {
        self.tag.read(message.as_text()?)
    }

    fn take_message(&mut self, message: &Message) {
        let (label, text, word) = match (self.read_back(message), message) {
            (Some((number, text)), _) => {
                self.ledger.echoed(number);
                (number.to_string(), text.to_owned(), "echo")
            }
            (None, Message::Text(text)) => (String::new(), text.clone(), "pushed"),
            (None, Message::Binary(bytes)) => {
                let text = format!("{} of binary", words::bytes(bytes.len() as u64));
                (String::new(), text, "pushed")
            }
        };
        let row = self.row(label, text, word);
        push(&mut self.received, row);
    }

    fn take_event(&mut self, event: &Event) {
        match event {
            Event::Closed { cause, .. } => {
                self.ledger.session_lost();
                self.trouble = None;
                self.ending = Some(Inspector::cause(cause));
            }
            Event::Connected { verdict, .. } => {
                self.trouble = None;
                match verdict {
                    Verdict::Fresh => self.tally.fresh += 1,
                    Verdict::Resumed { .. } => {
                        self.tally.resumed += 1;
                        self.tally.follows_loss = false;
                    }
                }
            }
            Event::Dropped { message, .. } => {
                if let Some((number, _)) = self.read_back(message) {
                    self.ledger.withdrawn(number);
                }
            }
            Event::Hiccup { cause, .. } => {
                let trouble = self.trouble.get_or_insert_default();
                trouble.failures.note();
                trouble.cause = Inspector::cause(cause);
            }
            Event::Lost { unconfirmed, .. } => {
                self.ledger.session_lost();
                self.tally.lost += 1;
                self.tally.unconfirmed += unconfirmed.len() as u64;
                self.tally.follows_loss = true;
            }
            _ => {}
        }
    }

    fn row(&mut self, label: String, text: String, word: &'static str) -> Rc<Row> {
        self.next_row += 1;
        Rc::new(Row {
            key: self.next_row,
            label,
            text,
            word,
        })
    }
}

fn push<T>(rows: &mut VecDeque<T>, row: T) {
    rows.push_front(row);
    rows.truncate(MAX_ROWS);
}

/// Waits until the fate of a message is sealed; answers whether it was acknowledged.
async fn settled(receipt: &SharedReceipt) -> bool {
    poll_fn(|context| Pin::new(&mut *receipt.borrow_mut()).poll(context))
        .await
        .is_ok()
}

/// Packets and bytes that the client has sent.
fn traffic(live: &UseTidewire) -> (u64, u64) {
    let stats = live.stats();
    let of = Transport::ALL.map(|transport| *stats.of(transport));
    (
        of.iter().map(|transport| transport.packets_sent).sum(),
        of.iter().map(|transport| transport.bytes_sent).sum(),
    )
}
