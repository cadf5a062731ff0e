//! Simulated WebSockets: two lanes in order, each message whole or not at all.

mod lane;

pub(crate) use lane::Lane;

use tidewire_proto::{CarrierId, Close, CloseCode, Payload};

use crate::plan::{MILLISECOND, Obstacle, SECOND};
use crate::queue::Happening;
use crate::world::World;

/// One WebSocket from `new WebSocket` to its end on both sides.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) tab: usize,
    pub(crate) carrier: CarrierId,
    /// The server's name for it, once it has got that far.
    pub(crate) server: Option<CarrierId>,
    pub(crate) at_client: ClientEnd,
    pub(crate) at_server: ServerEnd,
    pub(crate) up: Lane,
    pub(crate) down: Lane,
    /// The client may not write until it was told that it can, but for its last word.
    writing: bool,
    last_word: bool,
    cut: bool,
    /// When a byte last went through.
    moved_at: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ClientEnd {
    Connecting,
    Gone,
    Open,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ServerEnd {
    /// Attached to this session, or retired by it.
    Attached(usize),
    Gone,
    /// It has not said hello.
    Silent,
}

impl World {
    /// Sockets that connect both sides or are about to.
    pub(crate) fn live_sockets(&self) -> Vec<usize> {
        let live = self.sockets.iter().enumerate().filter(|(_, socket)| {
            !socket.cut
                && (socket.at_client != ClientEnd::Gone || socket.at_server != ServerEnd::Gone)
        });
        live.map(|(index, _)| index).collect()
    }

    /// A tab opens a socket; what becomes of the handshake is decided here.
    pub(crate) fn open_socket(&mut self, tab: usize, carrier: CarrierId) {
        let index = self.sockets.len();
        self.sockets.push(Socket {
            tab,
            carrier,
            server: None,
            at_client: ClientEnd::Connecting,
            at_server: ServerEnd::Gone,
            up: Lane::default(),
            down: Lane::default(),
            writing: false,
            last_word: false,
            cut: false,
            moved_at: 0,
        });
        self.tabs[tab].open_sockets += 1;
        self.tallies.handshakes += 1;
        let faults = self.plan.handshake;
        let round = 2 * self.flight();
        let opens_at = self.now + round;
        if self.tabs[tab].offline {
            return self.refuse_socket(index, self.now + MILLISECOND);
        }
        if !self.host.is_up
            || self.plan.obstacle == Some(Obstacle::Refuses)
            || self.chance.permille(faults.refused)
        {
            return self.refuse_socket(index, opens_at);
        }
        if self.plan.obstacle == Some(Obstacle::BlackHole)
            || self.chance.permille(faults.black_hole)
        {
            return;
        }
        let mute = self.plan.obstacle == Some(Obstacle::Mute)
            || self.chance.permille(faults.opens_onto_nothing);
        let closes = self.chance.permille(faults.opens_and_closes);
        // A server that stands still answers no upgrade before it runs again.
        let opens_at = opens_at.max(self.host.stopped_until);
        self.queue
            .schedule(opens_at, Happening::SocketOpens { socket: index });
        if mute || closes {
            self.sockets[index].up.lose_from(self.now);
            self.sockets[index].down.lose_from(self.now);
        } else {
            self.sockets[index].at_server = ServerEnd::Silent;
            self.sockets[index].server = Some(self.host.name_socket(index));
        }
        if closes {
            self.refuse_socket(index, opens_at + 100 * MILLISECOND);
        }
    }

    fn refuse_socket(&mut self, socket: usize, at: u64) {
        let close = Close::new(CloseCode::ABNORMAL, "");
        self.queue
            .schedule(at, Happening::SocketClosed { socket, close });
    }

    pub(crate) fn socket_opens(&mut self, index: usize) {
        let Socket {
            tab,
            carrier,
            at_client,
            ..
        } = self.sockets[index];
        if at_client != ClientEnd::Connecting {
            return;
        }
        self.sockets[index].at_client = ClientEnd::Open;
        self.watch_idle(index);
        self.trace.line(self.now, || {
            format!("tab {tab} <- socket {} opens", carrier.0)
        });
        self.tell_tab(tab, |client, now| client.handle_opened(now, carrier));
    }

    /// Lets the middlebox look again after the longest idle time.
    fn watch_idle(&mut self, socket: usize) {
        if let Some(limit) = self.plan.idle_cut {
            let at = self.sockets[socket].moved_at.max(self.now) + limit;
            self.queue.schedule(at, Happening::IdleCheck { socket });
        }
    }

    /// A middlebox forgets a connection on which nothing moves; nobody is told before the next byte.
    pub(crate) fn check_idle(&mut self, index: usize) {
        let socket = &self.sockets[index];
        let Some(limit) = self.plan.idle_cut else {
            return;
        };
        if socket.cut
            || (socket.at_client == ClientEnd::Gone && socket.at_server == ServerEnd::Gone)
        {
            return;
        }
        let due = socket.moved_at + limit;
        if self.now >= due {
            self.tallies.idle_cuts += 1;
            return self.cut(index);
        }
        self.queue
            .schedule(due, Happening::IdleCheck { socket: index });
    }

    /// A tab writes on a socket.
    pub(crate) fn transmit_up(&mut self, tab: usize, carrier: CarrierId, message: Payload) {
        let Some(index) = self.socket_of(tab, carrier) else {
            return self.breaks("the client writes on a socket that it never opened");
        };
        let packet = message.into_bytes();
        let socket = &mut self.sockets[index];
        if socket.at_client != ClientEnd::Open || socket.last_word {
            return self
                .breaks("the client writes on a socket that is not open or cannot take more");
        }
        socket.last_word = socket.writing;
        self.observe_hello(tab, &packet);
        let socket = &mut self.sockets[index];
        socket.writing = true;
        socket.moved_at = self.now;
        let passage = socket
            .up
            .carry(self.now, packet.len(), &self.plan.line, &mut self.chance);
        self.queue.schedule(
            passage.writable,
            Happening::ClientWritable { socket: index },
        );
        if !socket.up.is_lost(passage.arrives) {
            self.queue.schedule(
                passage.arrives,
                Happening::SocketSays {
                    socket: index,
                    packet,
                },
            );
        }
    }

    pub(crate) fn client_writable(&mut self, index: usize) {
        let Socket {
            tab,
            carrier,
            at_client,
            ..
        } = self.sockets[index];
        self.sockets[index].writing = false;
        if self.sockets[index].last_word && at_client == ClientEnd::Open {
            return self.breaks(
                "the client wrote on a socket that could not take more, and did not close it",
            );
        }
        if at_client == ClientEnd::Open {
            self.tell_tab(tab, |client, now| client.handle_writable(now, carrier));
        }
    }

    /// The machine of a session writes on a socket.
    pub(crate) fn transmit_down(&mut self, carrier: CarrierId, packet: Vec<u8>) {
        let Some(index) = self.host.socket_named(carrier) else {
            return self.breaks("the server writes on a carrier that is no socket");
        };
        let socket = &mut self.sockets[index];
        if socket.at_server == ServerEnd::Gone {
            return;
        }
        let passage = socket
            .down
            .carry(self.now, packet.len(), &self.plan.line, &mut self.chance);
        self.queue.schedule(
            passage.writable,
            Happening::ServerWritable { socket: index },
        );
        if !socket.down.is_lost(passage.arrives) {
            self.queue.schedule(
                passage.arrives,
                Happening::SocketDelivers {
                    socket: index,
                    packet,
                },
            );
        }
    }

    /// The server closes a socket with a close frame.
    pub(crate) fn disconnect(&mut self, carrier: CarrierId, close: Close) {
        let Some(index) = self.host.socket_named(carrier) else {
            return self.breaks("the server closes a carrier that is no socket");
        };
        let socket = &mut self.sockets[index];
        if socket.at_server == ServerEnd::Gone {
            return;
        }
        let end = std::mem::replace(&mut socket.at_server, ServerEnd::Gone);
        let passage = socket
            .down
            .carry(self.now, 0, &self.plan.line, &mut self.chance);
        if let ServerEnd::Attached(session) = end {
            // Some servers report the end of a socket to the very session that asked for it.
            let at = self.now + self.chance.below(SECOND);
            let carrier = carrier.0;
            self.queue
                .schedule(at, Happening::ServerCloses { session, carrier });
        }
        if !socket.down.is_lost(passage.arrives) {
            self.queue.schedule(
                passage.arrives,
                Happening::SocketClosed {
                    socket: index,
                    close,
                },
            );
        }
    }

    /// A message reaches the browser.
    pub(crate) fn socket_delivers(&mut self, index: usize, packet: Vec<u8>) {
        let Socket {
            tab,
            carrier,
            at_client,
            ..
        } = self.sockets[index];
        if self.sockets[index].down.is_lost(self.now) {
            return;
        }
        // A message may slip in between the close and the end of its handler.
        if at_client == ClientEnd::Gone && !self.chance.permille(self.plan.late_facts) {
            return;
        }
        self.trace.bytes(&packet);
        self.trace.line(self.now, || {
            format!(
                "tab {tab} <- socket {} {}",
                carrier.0,
                crate::wire::describe(&packet)
            )
        });
        self.tell_tab(tab, |client, now| {
            client.handle_message(now, carrier, Payload::Binary(packet));
        });
    }

    /// The close of a socket reaches the browser.
    pub(crate) fn socket_closed(&mut self, index: usize, close: &Close) {
        let Socket {
            tab,
            carrier,
            at_client,
            ..
        } = self.sockets[index];
        if at_client == ClientEnd::Gone && !self.chance.permille(self.plan.late_facts) {
            return;
        }
        self.detach_client(index);
        let code = close.code.0;
        self.trace.line(self.now, || {
            format!(
                "tab {tab} <- socket {} closes with {code} {:?}",
                carrier.0, close.reason
            )
        });
        self.tell_tab(tab, |client, now| {
            client.handle_closed(now, carrier, code, &close.reason);
        });
    }

    /// A tab closes a socket and waits for nothing.
    pub(crate) fn close_socket(&mut self, tab: usize, carrier: CarrierId) {
        let Some(index) = self.socket_of(tab, carrier) else {
            return self.breaks("the client closes a socket that it never opened");
        };
        if self.sockets[index].at_client == ClientEnd::Gone {
            return;
        }
        self.detach_client(index);
        let socket = &mut self.sockets[index];
        let passage = socket
            .up
            .carry(self.now, 0, &self.plan.line, &mut self.chance);
        if !socket.up.is_lost(passage.arrives) {
            self.queue
                .schedule(passage.arrives, Happening::SocketLeft { socket: index });
        }
    }

    fn detach_client(&mut self, index: usize) {
        let socket = &mut self.sockets[index];
        if socket.at_client != ClientEnd::Gone {
            socket.at_client = ClientEnd::Gone;
            self.tabs[socket.tab].open_sockets -= 1;
        }
    }

    /// Breaks a socket somewhere between two bytes: what was still under way beyond that point is gone.
    pub(crate) fn cut(&mut self, index: usize) {
        let horizon = self.plan.line.latency + self.plan.line.jitter;
        let up = self.now + self.chance.below(horizon + 1);
        let down = self.now + self.chance.below(horizon + 1);
        let socket = &mut self.sockets[index];
        socket.cut = true;
        socket.up.lose_from(up);
        socket.down.lose_from(down);
        if !self.chance.permille(self.plan.silent_cut) {
            self.queue
                .schedule(up, Happening::SocketLeft { socket: index });
        }
        if !self.chance.permille(self.plan.silent_cut) {
            self.refuse_socket(index, down);
        }
    }

    /// The page came back from the cache: the browser closes the sockets that it had.
    pub(crate) fn close_dead_sockets(&mut self, tab: usize) {
        let at = self.now + self.chance.below(SECOND);
        for index in 0..self.sockets.len() {
            if self.sockets[index].tab == tab && self.sockets[index].cut {
                self.refuse_socket(index, at);
            }
        }
    }

    pub(crate) fn socket_of(&self, tab: usize, carrier: CarrierId) -> Option<usize> {
        self.sockets
            .iter()
            .rposition(|socket| socket.tab == tab && socket.carrier == carrier)
    }

    /// How long something takes one way.
    pub(crate) fn flight(&mut self) -> u64 {
        self.plan.line.latency + self.chance.below(self.plan.line.jitter + 1)
    }
}
