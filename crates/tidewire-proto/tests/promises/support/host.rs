//! A server: its sessions, and the application behind them.

use std::collections::{BTreeMap, VecDeque};

use tidewire_proto::server::{
    Admission, CarrierKind, Lookup, SessionAnswer, SessionEvent, SessionOutput, admit,
    read_opening, refusal_packet,
};
use tidewire_proto::{
    CarrierId, Close, CloseCode, Payload, Session, SessionConfig, SessionKey, Timestamp,
};

/// All sessions of one server.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) config: SessionConfig,
    pub(crate) sessions: BTreeMap<SessionKey, Session>,
    ended: BTreeMap<SessionKey, (Close, bool)>,
    owners: BTreeMap<CarrierId, SessionKey>,
    outputs: VecDeque<SessionOutput>,
    /// Whether the application takes each message at once.
    pub(crate) takes: bool,
    /// Whether it sends each message back.
    pub(crate) echoes: bool,
    /// What the application said when it closed the session.
    pub(crate) farewell: Option<Close>,
    /// What every newcomer is told.
    pub(crate) refuses: Option<Close>,
    /// What every socket is told, as by another server behind the same name.
    pub(crate) refuses_sockets: Option<Close>,
    pub(crate) events: Vec<SessionEvent>,
    pub(crate) heard: Vec<Payload>,
    pub(crate) created: u64,
    pub(crate) tokens: Vec<Vec<u8>>,
}

/// How a carrier came in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Attached {
    Exchange,
    Socket,
}

impl Host {
    pub(super) const fn new(config: SessionConfig) -> Self {
        Self {
            config,
            sessions: BTreeMap::new(),
            ended: BTreeMap::new(),
            owners: BTreeMap::new(),
            outputs: VecDeque::new(),
            takes: true,
            echoes: false,
            farewell: None,
            refuses: None,
            refuses_sockets: None,
            events: Vec::new(),
            heard: Vec::new(),
            created: 0,
            tokens: Vec::new(),
        }
    }

    /// The first message of a socket, or the body of a request.
    pub(super) fn open(
        &mut self,
        now: Timestamp,
        carrier: CarrierId,
        packet: &[u8],
        how: Attached,
    ) {
        if let Err(close) = self.try_open(now, carrier, packet, how) {
            self.refuse(carrier, close, how);
        }
    }

    fn try_open(
        &mut self,
        now: Timestamp,
        carrier: CarrierId,
        packet: &[u8],
        how: Attached,
    ) -> Result<(), Close> {
        let kind = match how {
            Attached::Exchange => CarrierKind::Exchange,
            Attached::Socket => CarrierKind::Socket,
        };
        let opening = read_opening(packet, kind)?;
        let hello = &opening.hello;
        self.tokens.push(hello.token.clone());
        if let Some(close) = &self.refuses {
            return Err(close.clone());
        }
        if let Some(close) = &self.refuses_sockets
            && how == Attached::Socket
        {
            return Err(close.clone());
        }
        let lookup = match self.ended.get_mut(&hello.key) {
            Some((close, told)) => Lookup::Ended {
                close: close.clone(),
                told: std::mem::replace(told, true),
            },
            None if self.sessions.contains_key(&hello.key) => Lookup::Known,
            None => Lookup::Unknown,
        };
        if admit(lookup, hello)? == Admission::Create {
            self.created += 1;
            let session = Session::new(now, self.config.clone(), self.created, hello);
            self.sessions.insert(hello.key, session);
        }
        self.owners.insert(carrier, hello.key);
        if let Some(session) = self.sessions.get_mut(&hello.key) {
            session.attach(now, carrier, &opening);
        }
        Ok(())
    }

    fn refuse(&mut self, carrier: CarrierId, close: Close, how: Attached) {
        let packet = refusal_packet(&close);
        match how {
            Attached::Socket => self.outputs.extend([
                SessionOutput::Transmit { carrier, packet },
                SessionOutput::Disconnect { carrier, close },
            ]),
            Attached::Exchange => self.outputs.push_back(SessionOutput::Respond {
                carrier,
                answer: SessionAnswer {
                    status: close.code.http_status(),
                    body: packet,
                    close: Some(close),
                },
            }),
        }
    }

    /// The session of a carrier that attached before.
    pub(super) fn owner(&mut self, carrier: CarrierId) -> Option<&mut Session> {
        self.sessions.get_mut(self.owners.get(&carrier)?)
    }

    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        self.sessions
            .values()
            .filter_map(|session| session.poll_timeout())
            .map(|(deadline, _)| deadline)
            .min()
    }

    pub(super) fn handle_timeouts(&mut self, now: Timestamp) {
        for session in self.sessions.values_mut() {
            if session
                .poll_timeout()
                .is_some_and(|(deadline, _)| deadline <= now)
            {
                session.handle_timeout(now);
            }
        }
    }

    /// What the network must do next; events stay here, with the application.
    pub(super) fn poll_output(&mut self, now: Timestamp) -> Option<SessionOutput> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
            let (key, output) = self
                .sessions
                .iter_mut()
                .find_map(|(key, session)| Some((*key, session.poll_output(now)?)))?;
            match output {
                SessionOutput::Event(event) => self.hear(now, key, event),
                output => return Some(output),
            }
        }
    }

    fn hear(&mut self, now: Timestamp, key: SessionKey, event: SessionEvent) {
        if let Some(session) = self.sessions.get_mut(&key) {
            if let SessionEvent::Message(payload) = &event {
                self.heard.push(payload.clone());
                if self.takes {
                    session.consumed(now, 1);
                }
                if self.echoes {
                    session
                        .send(now, payload.clone())
                        .expect("an echo fits the outbox");
                }
            }
            if let SessionEvent::Ended { told, .. } = &event {
                let close = self.farewell.take().unwrap_or_else(|| {
                    Close::new(CloseCode::EXPIRED, "expired: the session is over")
                });
                self.ended.insert(key, (close, *told));
                // What the end had to say is already in its queue.
                while let Some(output) = session.poll_output(now) {
                    self.outputs.push_back(output);
                }
                self.sessions.remove(&key);
            }
        }
        self.events.push(event);
    }

    /// The server starts again without its memory.
    pub(super) fn forget(&mut self) {
        self.sessions.clear();
        self.ended.clear();
        self.owners.clear();
        self.outputs.clear();
    }

    /// The text messages heard so far.
    pub(crate) fn texts(&self) -> Vec<&str> {
        self.heard.iter().filter_map(Payload::as_text).collect()
    }
}
