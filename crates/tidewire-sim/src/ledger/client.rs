//! What the application of a client is promised.

use std::collections::VecDeque;

use tidewire_proto::wire::{Hello, HelloMode};
use tidewire_proto::{Cause, Event, MessageId, Payload, SessionNumber, Unconfirmed, Verdict};

use super::{Broken, Fate, Ledger, Life, Sent, TabBook, misdelivery};
use crate::message::Message;

impl Ledger {
    /// A client handle was made.
    pub(crate) fn open_tab(&mut self, is_clone: bool) {
        let tab = self.tabs.len();
        self.tabs.push(TabBook {
            life: self.lives.len(),
            sent: Vec::new(),
            open: VecDeque::new(),
            closed: false,
            leaving: false,
        });
        self.lives.push(Life {
            tab,
            contested: is_clone,
            ..Life::default()
        });
    }

    /// The application closes the handle, or drops it.
    pub(crate) fn leaves(&mut self, tab: usize) {
        self.tabs[tab].leaving = true;
    }

    /// Whether the application has closed or dropped the handle.
    pub(crate) fn is_leaving(&self, tab: usize) -> bool {
        self.tabs[tab].leaving
    }

    /// `send` accepted a message.
    pub(crate) fn accepted(
        &mut self,
        tab: usize,
        id: MessageId,
        message: Message,
    ) -> Result<(), Broken> {
        let book = &mut self.tabs[tab];
        if book.closed {
            return Err("a closed client accepted a message".into());
        }
        if book.sent.last().is_some_and(|last| last.id >= id) {
            return Err(format!("{id:?} was given to a second message"));
        }
        let index = book.sent.len();
        book.sent.push(Sent {
            id,
            message,
            fate: Fate::Open,
        });
        book.open.push_back(index);
        self.lives[book.life].line.push(index);
        Ok(())
    }

    /// A tab says hello on the wire.
    pub(crate) fn hello(&mut self, tab: usize, hello: &Hello) -> Result<(), Broken> {
        let book = &self.tabs[tab];
        let known = *self.keys.entry(hello.key).or_insert(book.life);
        let life = &mut self.lives[book.life];
        if (known != book.life && !life.contested) || life.key.is_some_and(|key| key != hello.key) {
            return Err("a session key was used for two sessions, or two keys for one".into());
        }
        life.key = Some(hello.key);
        if life.welcomed && !hello.resume {
            return Err(
                "a client that was welcomed asks for a new session under the old key".into(),
            );
        }
        let attach = hello.attach;
        if hello.mode == HelloMode::Socket {
            if attach <= life.socket_attach {
                return Err(format!(
                    "socket attach {attach} follows {}",
                    life.socket_attach
                ));
            }
            life.socket_attach = attach;
        } else {
            let exchange = (attach, hello.exchange);
            if exchange <= life.exchange {
                return Err(format!("exchange {exchange:?} follows {:?}", life.exchange));
            }
            life.exchange = exchange;
        }
        Ok(())
    }

    /// The application of a tab hears something.
    pub(crate) fn client_event(&mut self, tab: usize, event: &Event) -> Result<(), Broken> {
        if self.tabs[tab].closed {
            return Err(format!("a closed client still says {event:?}"));
        }
        match event {
            Event::Acknowledged(id) => self.client_acknowledged(tab, *id),
            Event::Closed { cause, unconfirmed } => {
                self.client_lost(tab, unconfirmed)?;
                self.tabs[tab].closed = true;
                self.is_close_explained(tab, cause)
            }
            Event::Connected { verdict, .. } => {
                let life = self.tabs[tab].life;
                let connected = self.connected(tab, *verdict);
                self.unless_contested(life, connected)
            }
            Event::Dropped { id, payload } => self.dropped(tab, *id, payload),
            Event::Lost { cause, unconfirmed } => {
                let life = self.tabs[tab].life;
                self.client_lost(tab, unconfirmed)?;
                self.is_loss_explained(life, cause)?;
                self.tabs[tab].life = self.lives.len();
                self.lives.push(Life {
                    tab,
                    ..Life::default()
                });
                Ok(())
            }
            Event::Message { session, payload } => {
                let life = self.tabs[tab].life;
                let delivered = self.client_delivered(tab, *session, payload);
                self.unless_contested(life, delivered)
            }
            _ => Ok(()),
        }
    }

    /// The application of a tab took the oldest message that it was given in this session.
    pub(crate) fn client_took(&mut self, tab: usize, session: SessionNumber) {
        let mut lives = self.lives.iter_mut();
        if let Some(life) = lives.find(|life| life.tab == tab && life.number == Some(session)) {
            life.taken += 1;
        }
    }

    fn client_acknowledged(&mut self, tab: usize, id: MessageId) -> Result<(), Broken> {
        let (delivered, taken) = self.reached(self.tabs[tab].life);
        let taken = taken.min(delivered);
        let book = &mut self.tabs[tab];
        let life = &mut self.lives[book.life];
        let mut some = false;
        let mut acknowledged = Vec::new();
        while let Some(index) = book.open.front().copied()
            && book.sent[index].id <= id
        {
            some = true;
            book.open.pop_front();
            book.sent[index].fate = Fate::Acknowledged;
            if life.contested {
                acknowledged.push(book.sent[index].message);
            }
            life.acknowledged += 1;
        }
        if life.contested {
            let all_given = acknowledged
                .into_iter()
                .all(|message| self.was_given(message));
            return if all_given {
                Ok(())
            } else {
                Err("a message of two clients with one key was acknowledged, and lost".into())
            };
        }
        if life.acknowledged > taken {
            return Err(format!(
                "the client is told that {} messages were taken, and the server's application took {taken}",
                life.acknowledged
            ));
        }
        if !some {
            return Err(format!(
                "{id:?} was acknowledged, but its fate was known or it was never sent"
            ));
        }
        Ok(())
    }

    fn dropped(&mut self, tab: usize, id: MessageId, payload: &Payload) -> Result<(), Broken> {
        let place = self.place_of(tab, id, payload, "dropped")?;
        self.take_out(tab, place, Fate::Dropped)
    }

    fn connected(&mut self, tab: usize, verdict: Verdict) -> Result<(), Broken> {
        let (delivered, _) = self.reached(self.tabs[tab].life);
        let life = &mut self.lives[self.tabs[tab].life];
        let first = !std::mem::replace(&mut life.welcomed, true);
        match verdict {
            Verdict::Fresh if !first => {
                Err("a session is called fresh twice, without a loss in between".into())
            }
            Verdict::Resumed { received } if received > delivered as u64 => Err(format!(
                "the verdict says that {received} messages were received, and {delivered} were"
            )),
            Verdict::Fresh | Verdict::Resumed { .. } => Ok(()),
        }
    }

    fn client_delivered(
        &mut self,
        tab: usize,
        session: SessionNumber,
        payload: &Payload,
    ) -> Result<(), Broken> {
        let current = self.tabs[tab].life;
        let known = self.lives[current].number.get_or_insert(session);
        if *known != session {
            return Err("a message names another session than the one that is open".into());
        }
        let source = match self.lives[current].source {
            Some(source) => source,
            None => {
                let begins = |line: &[(MessageId, Message)]| {
                    line.first().is_some_and(|(_, first)| first.is(payload))
                };
                let source = self
                    .sessions
                    .iter()
                    .position(|book| book.life == current && begins(&book.line));
                source.ok_or("the first message that the client was given is no session's first")?
            }
        };
        let life = &mut self.lives[current];
        life.source = Some(source);
        let line = &self.sessions[source].line;
        match line.get(life.delivered) {
            Some((_, message)) if message.is(payload) => {
                life.delivered += 1;
                Ok(())
            }
            _ => Err(misdelivery(
                payload,
                line.iter().map(|(_, message)| *message),
                life.delivered,
                "client",
            )),
        }
    }

    /// Everything whose fate was open, and nothing else, must be in the list, in order and whole.
    fn client_lost(&mut self, tab: usize, unconfirmed: &[Unconfirmed]) -> Result<(), Broken> {
        let open = self.tabs[tab].open.len();
        if unconfirmed.len() != open {
            return Err(format!(
                "{} messages are reported as unconfirmed, and {open} are",
                unconfirmed.len()
            ));
        }
        for report in unconfirmed {
            let place = self.place_of(tab, report.id, &report.payload, "unconfirmed")?;
            if place != 0 {
                return Err(format!(
                    "{:?} is reported as unconfirmed out of its order",
                    report.id
                ));
            }
            if report.transmitted {
                let book = &mut self.tabs[tab];
                if let Some(index) = book.open.pop_front() {
                    book.sent[index].fate = Fate::Unconfirmed;
                }
            } else {
                self.take_out(tab, place, Fate::Unconfirmed)?;
            }
        }
        self.lives[self.tabs[tab].life].over = true;
        Ok(())
    }

    /// The place of a message among those with an open fate.
    fn place_of(
        &self,
        tab: usize,
        id: MessageId,
        payload: &Payload,
        what: &str,
    ) -> Result<usize, Broken> {
        let book = &self.tabs[tab];
        let place = book
            .open
            .iter()
            .position(|index| book.sent[*index].id == id);
        let place =
            place.ok_or_else(|| format!("{id:?} is reported as {what}, but its fate was known"))?;
        if !book.sent[book.open[place]].message.is(payload) {
            return Err(format!("{id:?} is reported as {what} with another content"));
        }
        Ok(place)
    }

    /// A message that never left: from now on nobody may deliver it.
    fn take_out(&mut self, tab: usize, place: usize, fate: Fate) -> Result<(), Broken> {
        let book = &mut self.tabs[tab];
        let current = book.life;
        let Some(index) = book.open.remove(place) else {
            return Ok(());
        };
        book.sent[index].fate = fate;
        let id = book.sent[index].id;
        let (delivered, _) = self.reached(current);
        let Life {
            line, contested, ..
        } = &mut self.lives[current];
        let Some(position) = line.iter().position(|other| *other == index) else {
            return Ok(());
        };
        if position < delivered && !*contested {
            return Err(format!(
                "{id:?} is said never to have left, and the server has it"
            ));
        }
        line.remove(position);
        Ok(())
    }

    /// A session may only be given up when the server no longer has it.
    fn is_loss_explained(&self, life: usize, cause: &Cause) -> Result<(), Broken> {
        if self.lives[life].contested {
            return Ok(());
        }
        let mut sessions = self.sessions.iter().filter(|session| session.life == life);
        let total = sessions.clone().count();
        // Two sessions under one key mean that the process died and a late create came true again; the client must
        // notice that the second is not the first.
        if total > 1 || sessions.any(|session| !session.is_alive()) {
            return Ok(());
        }
        Err(format!(
            "the client gave up a session that the server still has: {cause:?}"
        ))
    }

    fn is_close_explained(&self, tab: usize, cause: &Cause) -> Result<(), Broken> {
        let book = &self.tabs[tab];
        if book.leaving || self.lives[book.life].contested {
            return Ok(());
        }
        let ended = |session: &super::SessionBook| session.life == book.life && session.ended;
        if self.sessions.iter().any(ended) {
            return Ok(());
        }
        Err(format!("the client closed itself: {cause:?}"))
    }
}
