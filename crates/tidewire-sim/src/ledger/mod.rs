//! The judge: what each application said and heard, and whether that keeps the promises.
//!
//! The ledger sees only what crosses the interface of the two machines, and the hello on the wire for the session's key. It
//! knows nothing of how they work.

mod client;
mod server;

use std::collections::{BTreeMap, VecDeque};

use tidewire_proto::{MessageId, Payload, SessionKey, SessionNumber};

use crate::message::Message;

/// A promise that was not kept, in words.
pub(crate) type Broken = String;

/// A fault of the recorder itself, to show that the judge would notice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sabotage {
    /// One message that was delivered twice is what the record shows.
    Duplicate,
    /// One message that was delivered is missing from the record.
    Loss,
    /// Two messages change places in the record.
    Swap,
}

/// All books of a run.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    tabs: Vec<TabBook>,
    lives: Vec<Life>,
    sessions: Vec<SessionBook>,
    keys: BTreeMap<SessionKey, usize>,
    /// What is still to be done to the record, and after how many messages.
    sabotage: Option<(Sabotage, u32)>,
    withheld: Option<Payload>,
    /// By stamp, the messages that the server's application was given by anyone.
    given: Vec<bool>,
    sabotaged: bool,
}

/// What the application of one client handle knows.
#[derive(Debug)]
struct TabBook {
    life: usize,
    sent: Vec<Sent>,
    /// Indices of the sent messages whose fate is open, oldest first.
    open: VecDeque<usize>,
    closed: bool,
    /// The application closed or left: what follows is its own doing.
    leaving: bool,
}

/// A message that `send` accepted.
#[derive(Debug)]
struct Sent {
    id: MessageId,
    message: Message,
    fate: Fate,
}

/// What became of a message; decided once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Acknowledged,
    Dropped,
    Open,
    Unconfirmed,
}

/// One session as a client has it, from its first message to its loss.
#[derive(Debug, Default)]
struct Life {
    tab: usize,
    key: Option<SessionKey>,
    /// Two clients have its key. Which of them the server hears is open, but what one of them is told must be true.
    contested: bool,
    number: Option<SessionNumber>,
    welcomed: bool,
    over: bool,
    /// Messages in the order in which the server must see them: those sent, without those that never leave.
    line: Vec<usize>,
    acknowledged: usize,
    /// The server's session whose messages this client received.
    source: Option<usize>,
    delivered: usize,
    taken: usize,
    socket_attach: u64,
    exchange: (u64, u64),
}

/// One session as the server has it.
#[derive(Debug)]
struct SessionBook {
    life: usize,
    line: Vec<(MessageId, Message)>,
    acknowledged: usize,
    delivered: usize,
    taken: usize,
    /// It ended by the rules: told, expired, or closed by either application.
    ended: bool,
    /// The process died with it.
    forgotten: bool,
    /// Sessions of this key in the same process must not be two.
    process: u32,
}

impl Ledger {
    pub(crate) fn with_sabotage(sabotage: Option<Sabotage>) -> Self {
        Self {
            sabotage: sabotage.map(|sabotage| (sabotage, 4)),
            ..Self::default()
        }
    }

    /// Whether the record was changed.
    pub(crate) const fn is_sabotaged(&self) -> bool {
        self.sabotaged
    }

    /// A second client has the key of this tab's session.
    pub(crate) fn contest(&mut self, tab: usize) {
        let life = self.tabs[tab].life;
        self.lives[life].contested = true;
    }

    /// What is open between two clients with one key is not judged.
    fn unless_contested(&self, life: usize, verdict: Result<(), Broken>) -> Result<(), Broken> {
        if self.lives[life].contested {
            Ok(())
        } else {
            verdict
        }
    }

    /// Whether the server's application was given a message, whoever sent it. Short ones show no stamp and pass.
    fn was_given(&self, message: Message) -> bool {
        message.length < crate::message::STAMPED
            || self
                .given
                .get(message.stamp as usize)
                .is_some_and(|given| *given)
    }

    /// How many messages of this tab have no fate yet.
    pub(crate) fn open_messages(&self, tab: usize) -> usize {
        self.tabs[tab].open.len()
    }

    /// The server's session that a tab's messages go to now.
    pub(crate) fn session_of(&self, tab: usize) -> Option<usize> {
        let life = self.tabs[tab].life;
        self.sessions
            .iter()
            .rposition(|session| session.life == life && session.is_alive())
    }

    /// What is still missing before everything said has been heard, if anything.
    pub(crate) fn unfinished(&self, tab: usize) -> Option<Broken> {
        let book = &self.tabs[tab];
        if !book.open.is_empty() {
            return Some(format!(
                "{} messages of the client have no fate",
                book.open.len()
            ));
        }
        let Some(session) = self.session_of(tab) else {
            return Some("the server has no session of this client".into());
        };
        let session = &self.sessions[session];
        let life = &self.lives[book.life];
        if session.delivered != life.line.len() {
            return Some(format!(
                "the server has {} of {} messages",
                session.delivered,
                life.line.len()
            ));
        }
        if life.delivered != session.line.len() {
            return Some(format!(
                "the client has {} of {} messages",
                life.delivered,
                session.line.len()
            ));
        }
        if session.acknowledged != session.line.len() {
            return Some(format!(
                "the server knows that {} of {} messages were taken",
                session.acknowledged,
                session.line.len()
            ));
        }
        None
    }

    /// Most of this life's messages that any session of the server delivered, and most that its application took.
    fn reached(&self, life: usize) -> (usize, usize) {
        let sessions = self.sessions.iter().filter(|session| session.life == life);
        sessions.fold((0, 0), |(delivered, taken), session| {
            (delivered.max(session.delivered), taken.max(session.taken))
        })
    }
}

impl SessionBook {
    const fn is_alive(&self) -> bool {
        !self.ended && !self.forgotten
    }
}

/// Says in which way `payload` is not the message that had to come.
fn misdelivery(
    payload: &Payload,
    line: impl Iterator<Item = Message>,
    expected: usize,
    to: &str,
) -> Broken {
    let places: Vec<usize> = line
        .enumerate()
        .filter(|(_, message)| message.length >= crate::message::STAMPED && message.is(payload))
        .map(|(place, _)| place)
        .collect();
    match places.first() {
        Some(place) if *place < expected => {
            format!("message {place} was delivered to the {to} twice")
        }
        Some(place) => {
            format!("message {place} was delivered to the {to} in the place of message {expected}")
        }
        None => format!("the {to} was given something else in the place of message {expected}"),
    }
}
