//! The simulated server: a registry of sessions, and the way of each carrier to its own.

mod session;

use std::collections::BTreeMap;

use tidewire_proto::server::{
    Admission, CarrierKind, Lookup, SessionAnswer, admit, read_opening, refusal_packet,
};
use tidewire_proto::{CarrierId, Close, CloseCode, Session, SessionKey, Timestamp};

use crate::plan::SECOND;
use crate::queue::Happening;
use crate::sockets::ServerEnd;
use crate::world::World;

/// Outputs that a machine may give in one turn before it counts as endless.
pub(crate) const MAX_OUTPUTS: usize = 20_000;

/// Timer events that a machine may ask for within one moment before it counts as spinning.
pub(crate) const MAX_SPIN: u32 = 20;

/// One server process, started again and again.
#[derive(Debug, Default)]
pub(crate) struct Host {
    pub(crate) is_up: bool,
    pub(crate) stopped_until: u64,
    pub(crate) overloaded: bool,
    /// Counts the processes that each began without memory.
    process: u32,
    registry: BTreeMap<SessionKey, usize>,
    ended: BTreeMap<SessionKey, (Close, bool)>,
    pub(crate) sessions: Vec<Hosted>,
    carriers: Vec<Origin>,
}

/// A session and its driver's state.
#[derive(Debug)]
pub(crate) struct Hosted {
    pub(crate) machine: Session,
    key: SessionKey,
    /// The close that the application ended it with.
    pub(crate) farewell: Option<Close>,
    /// The process that held it died with it.
    pub(crate) forgotten: bool,
    armed: Option<u64>,
    spin: (u64, u32),
    /// Messages given to the application and not yet taken.
    pub(crate) given: u32,
    pub(crate) has_room: bool,
}

/// What a carrier's name on the server stands for.
#[derive(Clone, Copy, Debug)]
enum Origin {
    Exchange {
        exchange: usize,
        copy: usize,
        session: Option<usize>,
    },
    Socket(usize),
}

impl Host {
    pub(crate) fn new() -> Self {
        Self {
            is_up: true,
            ..Self::default()
        }
    }

    /// The newest session that lives.
    pub(crate) fn newest(&self) -> Option<usize> {
        self.sessions.iter().rposition(Hosted::is_alive)
    }

    /// Forgets every session, as a process without a store does when it dies.
    pub(crate) fn forget_everything(&mut self) -> Vec<usize> {
        self.process += 1;
        self.ended.clear();
        let lost: Vec<usize> = std::mem::take(&mut self.registry).into_values().collect();
        for index in &lost {
            self.sessions[*index].forgotten = true;
        }
        lost
    }

    pub(crate) fn name_socket(&mut self, socket: usize) -> CarrierId {
        self.name(Origin::Socket(socket))
    }

    pub(crate) fn name_exchange(&mut self, exchange: usize, copy: usize) -> CarrierId {
        self.name(Origin::Exchange {
            exchange,
            copy,
            session: None,
        })
    }

    pub(crate) fn socket_named(&self, carrier: CarrierId) -> Option<usize> {
        match self.origin(carrier)? {
            Origin::Exchange { .. } => None,
            Origin::Socket(socket) => Some(*socket),
        }
    }

    pub(crate) fn exchange_named(&self, carrier: CarrierId) -> Option<(usize, usize)> {
        match self.origin(carrier)? {
            Origin::Exchange { exchange, copy, .. } => Some((*exchange, *copy)),
            Origin::Socket(_) => None,
        }
    }

    fn origin(&self, carrier: CarrierId) -> Option<&Origin> {
        self.carriers.get(usize::try_from(carrier.0).ok()?)
    }

    fn name(&mut self, origin: Origin) -> CarrierId {
        self.carriers.push(origin);
        CarrierId(self.carriers.len() as u64 - 1)
    }

    fn lookup(&mut self, key: &SessionKey) -> Lookup {
        match (self.registry.get(key), self.ended.get_mut(key)) {
            (Some(_), _) => Lookup::Known,
            (None, Some((close, told))) => Lookup::Ended {
                close: close.clone(),
                told: std::mem::replace(told, true),
            },
            (None, None) => Lookup::Unknown,
        }
    }
}

impl Hosted {
    pub(crate) fn is_alive(&self) -> bool {
        !self.forgotten && !self.machine.is_ended()
    }
}

impl World {
    /// A WebSocket message reaches the server.
    pub(crate) fn socket_says(&mut self, index: usize, packet: &[u8]) {
        let socket = &self.sockets[index];
        let Some(carrier) = socket.server else {
            return;
        };
        if socket.up.is_lost(self.now) {
            return;
        }
        self.trace.number(carrier.0);
        self.trace.bytes(packet);
        self.trace.line(self.now, || {
            format!(
                "server <- socket {} {}",
                carrier.0,
                crate::wire::describe(packet)
            )
        });
        match self.sockets[index].at_server {
            ServerEnd::Gone => {}
            ServerEnd::Attached(session) => {
                self.with_session(session, |machine, now| {
                    machine.handle_packet(now, carrier, packet);
                });
            }
            ServerEnd::Silent => match self.open(carrier, packet, CarrierKind::Socket) {
                // Unless the session has refused it at once.
                Ok(session) if self.sockets[index].at_server == ServerEnd::Silent => {
                    self.sockets[index].at_server = ServerEnd::Attached(session);
                }
                Ok(_) => {}
                Err(close) => {
                    self.transmit_down(carrier, refusal_packet(&close));
                    self.disconnect(carrier, close);
                }
            },
        }
    }

    /// A request reaches the server.
    pub(crate) fn take_request(&mut self, carrier: CarrierId, body: &[u8]) {
        match self.open(carrier, body, CarrierKind::Exchange) {
            Ok(session) => {
                if let Some(Origin::Exchange { session: slot, .. }) = usize::try_from(carrier.0)
                    .ok()
                    .and_then(|index| self.host.carriers.get_mut(index))
                {
                    *slot = Some(session);
                }
            }
            Err(close) => {
                let answer = SessionAnswer {
                    status: close.code.http_status(),
                    body: refusal_packet(&close),
                    close: Some(close),
                };
                self.respond(carrier, answer);
            }
        }
    }

    /// A socket that the server had is closed.
    pub(crate) fn socket_left(&mut self, index: usize) {
        let socket = &mut self.sockets[index];
        let end = std::mem::replace(&mut socket.at_server, ServerEnd::Gone);
        if let (ServerEnd::Attached(session), Some(carrier)) = (end, socket.server) {
            self.trace.line(self.now, || {
                format!("server <- socket {} is closed", carrier.0)
            });
            self.with_session(session, |machine, _| machine.handle_closed(carrier));
        }
    }

    /// Nobody waits for this answer any more.
    pub(crate) fn carrier_closed(&mut self, carrier: CarrierId) {
        if let Some(Origin::Exchange {
            session: Some(session),
            ..
        }) = self.host.origin(carrier)
        {
            let session = *session;
            self.with_session(session, |machine, _| machine.handle_closed(carrier));
        }
    }

    pub(crate) fn server_writable(&mut self, index: usize) {
        let socket = &self.sockets[index];
        if let (ServerEnd::Attached(session), Some(carrier)) = (socket.at_server, socket.server) {
            self.with_session(session, |machine, _| machine.handle_writable(carrier));
        }
    }

    /// Every connection to the server breaks, as seen from there.
    pub(crate) fn sever_server(&mut self) {
        for index in 0..self.sockets.len() {
            if self.sockets[index].at_server != ServerEnd::Gone {
                self.socket_left(index);
            }
        }
        for index in 0..self.host.carriers.len() {
            self.request_forgotten(CarrierId(index as u64));
        }
    }

    /// Reads the first packet of a carrier and attaches it to its session, which may have to be made.
    fn open(
        &mut self,
        carrier: CarrierId,
        packet: &[u8],
        kind: CarrierKind,
    ) -> Result<usize, Close> {
        let opening = read_opening(packet, kind)?;
        let key = opening.hello.key;
        let admission = admit(self.host.lookup(&key), &opening.hello)?;
        if self.host.overloaded && !opening.hello.welcomed {
            let delay = std::time::Duration::from_micros(self.chance.between(1, 20) * SECOND);
            return Err(
                Close::new(CloseCode::DRAINING, "overloaded: come back later").after(delay),
            );
        }
        let again = crate::plants::creates_again(self.bug, opening.hello.resume);
        if admission == Admission::Create || again {
            let index = self.host.sessions.len();
            let verdict = self.ledger.created(&key, self.host.process);
            self.judge(verdict);
            let now = Timestamp::from_micros(self.now);
            let id = index as u64 + 1;
            let mut machine = Session::new(now, self.plan.server.clone(), id, &opening.hello);
            crate::plants::plant_session(&mut machine, self.bug);
            self.host.registry.insert(key, index);
            self.host.sessions.push(Hosted {
                machine,
                key,
                farewell: None,
                forgotten: false,
                armed: None,
                spin: (0, 0),
                given: 0,
                has_room: false,
            });
            self.tallies.sessions += 1;
            if !self.handed_back_down.is_empty() {
                self.queue.schedule(self.now, Happening::ServerSpeaks);
            }
        }
        let Some(session) = self.host.registry.get(&key).copied() else {
            return Err(Close::new(
                CloseCode::INTERNAL,
                "registry: the session is not there",
            ));
        };
        self.with_session(session, |machine, now| {
            machine.attach(now, carrier, &opening);
        });
        Ok(session)
    }
}
