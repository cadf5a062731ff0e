//! What the application of the server is promised.

use tidewire_proto::server::SessionEvent;
use tidewire_proto::{MessageId, Payload, SessionKey, Unconfirmed};

use super::{Broken, Ledger, Sabotage, SessionBook, misdelivery};
use crate::message::Message;

/// Above any number of messages of one run.
const MAX_STAMP: usize = 1 << 20;

impl Ledger {
    /// The server made a session; they are numbered from zero, as here.
    pub(crate) fn created(&mut self, key: &SessionKey, process: u32) -> Result<(), Broken> {
        let life = *self
            .keys
            .get(key)
            .ok_or("a session was made under a key that no client has")?;
        if self
            .sessions
            .iter()
            .any(|other| other.life == life && other.process == process)
        {
            return Err("one process made two sessions under one key".into());
        }
        self.sessions.push(SessionBook {
            life,
            line: Vec::new(),
            acknowledged: 0,
            delivered: 0,
            taken: 0,
            ended: false,
            forgotten: false,
            process,
        });
        Ok(())
    }

    /// The process died, and the session with it.
    pub(crate) fn forget_session(&mut self, session: usize) {
        self.sessions[session].forgotten = true;
    }

    /// The server's application is about to end the session.
    pub(crate) fn expect_end(&mut self, session: usize) {
        self.sessions[session].ended = true;
    }

    /// `send` accepted a message.
    pub(crate) fn session_accepted(
        &mut self,
        session: usize,
        id: MessageId,
        message: Message,
    ) -> Result<(), Broken> {
        let line = &mut self.sessions[session].line;
        if line.last().is_some_and(|(last, _)| *last >= id) {
            return Err(format!("{id:?} was given to a second message"));
        }
        line.push((id, message));
        Ok(())
    }

    /// How many messages a session has accepted.
    pub(crate) fn session_sent(&self, session: usize) -> usize {
        self.sessions[session].line.len()
    }

    /// The application of a session hears something.
    pub(crate) fn session_event(
        &mut self,
        session: usize,
        event: &SessionEvent,
    ) -> Result<(), Broken> {
        match event {
            SessionEvent::Acknowledged(id) => self.session_acknowledged(session, *id),
            SessionEvent::Ended { unconfirmed, .. } => {
                self.sessions[session].ended = true;
                self.session_lost(session, unconfirmed)
            }
            SessionEvent::Message(payload) => self.record(session, payload),
            _ => Ok(()),
        }
    }

    /// The application of a session took the oldest message that it was given.
    pub(crate) fn session_took(&mut self, session: usize) {
        self.sessions[session].taken += 1;
    }

    /// Enters a delivery, after what the sabotage of the run does to the record.
    fn record(&mut self, session: usize, payload: &Payload) -> Result<(), Broken> {
        if let Some(earlier) = self.withheld.take() {
            self.session_delivered(session, payload)?;
            return self.session_delivered(session, &earlier);
        }
        let Some((sabotage, after)) = self.sabotage.as_mut() else {
            return self.session_delivered(session, payload);
        };
        // Short messages may equal each other, and what two clients say under one key is not judged so closely.
        let contested = self.lives[self.sessions[session].life].contested;
        if *after > 0 || contested || payload.len() < crate::message::STAMPED as usize {
            *after = after.saturating_sub(1);
            return self.session_delivered(session, payload);
        }
        let sabotage = *sabotage;
        self.sabotage = None;
        self.sabotaged = true;
        match sabotage {
            Sabotage::Duplicate => {
                self.session_delivered(session, payload)?;
                self.session_delivered(session, payload)
            }
            Sabotage::Loss => Ok(()),
            Sabotage::Swap => {
                self.withheld = Some(payload.clone());
                Ok(())
            }
        }
    }

    fn session_delivered(&mut self, session: usize, payload: &Payload) -> Result<(), Broken> {
        self.note_given(payload);
        let life = self.sessions[session].life;
        let verdict = self.deliver(session, payload);
        self.unless_contested(life, verdict)
    }

    fn note_given(&mut self, payload: &Payload) {
        let stamp = payload.as_bytes().get(..crate::message::STAMPED as usize);
        let stamp = stamp.and_then(|stamp| std::str::from_utf8(stamp).ok());
        if let Some(stamp) = stamp.and_then(|stamp| usize::from_str_radix(stamp, 16).ok()) {
            // Stamps are counted from one; what does not look like one of ours is judged elsewhere.
            if stamp < MAX_STAMP {
                self.given.resize(self.given.len().max(stamp + 1), false);
                self.given[stamp] = true;
            }
        }
    }

    fn deliver(&mut self, session: usize, payload: &Payload) -> Result<(), Broken> {
        let book = &mut self.sessions[session];
        let life = &self.lives[book.life];
        let tab = &self.tabs[life.tab];
        let message = |index: &usize| tab.sent[*index].message;
        match life.line.get(book.delivered).map(message) {
            Some(message) if message.is(payload) => {
                book.delivered += 1;
                Ok(())
            }
            _ => Err(misdelivery(
                payload,
                life.line.iter().map(message),
                book.delivered,
                "server",
            )),
        }
    }

    fn session_acknowledged(&mut self, session: usize, id: MessageId) -> Result<(), Broken> {
        let book = &mut self.sessions[session];
        let covered = book.line.partition_point(|(other, _)| *other <= id);
        if covered <= book.acknowledged {
            return Err(format!("{id:?} was acknowledged twice to the server"));
        }
        book.acknowledged = covered;
        let life = &self.lives[book.life];
        if life.contested {
            return Ok(());
        }
        if life.source != Some(session) || covered > life.taken {
            return Err(format!(
                "the server is told that {covered} messages were taken, and the client's application took {}",
                life.taken
            ));
        }
        Ok(())
    }

    fn session_lost(&self, session: usize, unconfirmed: &[Unconfirmed]) -> Result<(), Broken> {
        let book = &self.sessions[session];
        let open = &book.line[book.acknowledged..];
        if unconfirmed.len() != open.len() {
            return Err(format!(
                "the server reports {} messages as unconfirmed, and {} are",
                unconfirmed.len(),
                open.len()
            ));
        }
        let life = &self.lives[book.life];
        for (place, (report, (id, message))) in unconfirmed.iter().zip(open).enumerate() {
            if report.id != *id || !message.is(&report.payload) {
                return Err(format!(
                    "the server reports {:?} as unconfirmed in the place of {id:?}",
                    report.id
                ));
            }
            let has = life.source == Some(session) && book.acknowledged + place < life.delivered;
            if !report.transmitted && has && !life.contested {
                return Err(format!(
                    "{id:?} is said never to have left, and the client has it"
                ));
            }
        }
        Ok(())
    }
}
