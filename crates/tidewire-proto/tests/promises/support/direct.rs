//! One session without a client: the test says the hellos itself.

use tidewire_proto::server::{SessionAnswer, SessionEvent, SessionOutput};
use tidewire_proto::wire::{Ack, Hello, HelloMode, Writer};
use tidewire_proto::{CarrierId, Close, Payload, Session, SessionConfig, SessionKey, Timestamp};

use super::{Kind, read_any_opening};

/// A session, and what it has said.
#[derive(Debug)]
pub(crate) struct Direct {
    pub(crate) now: Timestamp,
    pub(crate) session: Session,
    pub(crate) events: Vec<SessionEvent>,
    pub(crate) transmitted: Vec<(CarrierId, Vec<u8>)>,
    pub(crate) disconnected: Vec<(CarrierId, Close)>,
    pub(crate) answered: Vec<(CarrierId, SessionAnswer)>,
}

/// The hello of a client that was never welcomed.
pub(crate) fn hello(mode: HelloMode, attach: u64, exchange: u64) -> Hello {
    Hello {
        key: SessionKey::from_bytes(*b"a secret, no log").expect("not one repeated byte"),
        mode,
        resume: false,
        welcomed: false,
        instance: 7,
        session: 0,
        attach,
        exchange,
        ack: Ack::default(),
        max_message: 1 << 20,
        window_bytes: 1 << 21,
        window_messages: 4_096,
        token: Vec::new(),
    }
}

/// A hello and the frames behind it.
pub(crate) fn packet(hello: &Hello, frames: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    hello.write(&mut writer);
    frames(&mut writer);
    writer.into_packet()
}

/// The frames of a packet without a hello.
pub(crate) fn frames(frames: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    frames(&mut writer);
    writer.into_packet()
}

impl Direct {
    pub(crate) fn new(config: SessionConfig) -> Self {
        Self::created_by(config, &hello(HelloMode::Socket, 1, 0))
    }

    /// A session that the client with this hello creates.
    pub(crate) fn created_by(config: SessionConfig, first: &Hello) -> Self {
        let now = Timestamp::from_millis(1_000_000);
        Self {
            now,
            session: Session::new(now, config, 42, first),
            events: Vec::new(),
            transmitted: Vec::new(),
            disconnected: Vec::new(),
            answered: Vec::new(),
        }
    }

    /// A session with one socket, named 1.
    pub(crate) fn on_socket(config: SessionConfig) -> Self {
        let mut direct = Self::new(config);
        direct.attach(1, &hello(HelloMode::Socket, 1, 0), |_| {});
        direct
    }

    pub(crate) fn attach(&mut self, carrier: u64, hello: &Hello, frames: impl FnOnce(&mut Writer)) {
        let packet = packet(hello, frames);
        let opening = read_any_opening(&packet).expect("it is well-formed");
        self.session.attach(self.now, CarrierId(carrier), &opening);
        self.settle();
    }

    pub(crate) fn says(&mut self, carrier: u64, packet: &[u8]) {
        self.session
            .handle_packet(self.now, CarrierId(carrier), packet);
        self.settle();
    }

    pub(crate) fn reply(&mut self, text: &str) {
        let sent = self.session.send(self.now, Payload::from(text));
        sent.expect("the outbox takes it");
        self.settle();
    }

    pub(crate) fn consumed(&mut self, messages: u64) {
        self.session.consumed(self.now, messages);
        self.settle();
    }

    pub(crate) fn run(&mut self, span: core::time::Duration) {
        let end = self.now + span;
        while let Some((deadline, _)) = self.session.poll_timeout()
            && deadline <= end
        {
            self.now = deadline.max(self.now);
            self.session.handle_timeout(self.now);
            self.settle();
        }
        self.now = end;
    }

    /// The kinds of the frames of the answer to an exchange, when it has one.
    pub(crate) fn answer(&self, carrier: u64) -> Option<Vec<Kind>> {
        let answers = &self.answered;
        let (_, answer) = answers.iter().find(|(id, _)| *id == CarrierId(carrier))?;
        Some(super::kinds(&answer.body))
    }

    /// The close of a socket or an exchange that was refused.
    pub(crate) fn refusal(&self, carrier: u64) -> Option<&Close> {
        let sockets = self.disconnected.iter();
        let mut closes = sockets.map(|(id, close)| (id, close)).chain(
            self.answered
                .iter()
                .filter_map(|(id, answer)| Some((id, answer.close.as_ref()?))),
        );
        closes
            .find(|(id, _)| **id == CarrierId(carrier))
            .map(|(_, close)| close)
    }

    pub(crate) fn texts(&self) -> Vec<&str> {
        let events = self.events.iter();
        events
            .filter_map(|event| match event {
                SessionEvent::Message(payload) => payload.as_text(),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn settle(&mut self) {
        while let Some(output) = self.session.poll_output(self.now) {
            match output {
                SessionOutput::Disconnect { carrier, close } => {
                    self.disconnected.push((carrier, close));
                }
                SessionOutput::Event(event) => self.events.push(event),
                SessionOutput::Respond { carrier, answer } => self.answered.push((carrier, answer)),
                SessionOutput::Transmit { carrier, packet } => {
                    self.transmitted.push((carrier, packet));
                    self.session.handle_writable(carrier);
                }
            }
        }
    }
}
