//! Time, and the network that joins the two sides.

use core::time::Duration;
use std::collections::BTreeMap;

use tidewire_proto::server::SessionOutput;
use tidewire_proto::{
    Answer, Client, ClientConfig, Close, Event, MessageId, Output, OverflowPolicy, PageEvent,
    Payload, Session, SessionConfig, SessionKey, State, Timestamp, Transport,
};

use super::net::{ClientFact, Condition, Delivery, Link, Net, ServerFact};
use super::{Attached, Handshakes, Host, Http, Packet, Provider, Side, Tab};

/// Longer than anything that a test waits for.
const PATIENCE: Duration = Duration::from_secs(900);

/// One server, one client or more, and the network between them.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) net: Net,
    pub(crate) host: Host,
    pub(crate) tabs: Vec<Tab>,
    /// Every packet that was sent.
    pub(crate) wire: Vec<Packet>,
    links: BTreeMap<Link, Condition>,
    queue: BTreeMap<(Timestamp, u64), Delivery>,
    order: u64,
}

impl World {
    /// Both sides with their default settings.
    pub(crate) fn new() -> Self {
        Self::with(ClientConfig::default(), SessionConfig::default())
    }

    pub(crate) fn with(client: ClientConfig, server: SessionConfig) -> Self {
        Self::seeded(client, server, 1)
    }

    pub(crate) fn seeded(client: ClientConfig, server: SessionConfig, seed: u64) -> Self {
        Self {
            now: Timestamp::from_millis(1_000_000),
            net: Net::default(),
            host: Host::new(server),
            tabs: vec![Tab::new(client, seed, None)],
            wire: Vec::new(),
            links: BTreeMap::new(),
            queue: BTreeMap::new(),
            order: 0,
        }
    }

    /// A second client with the same session key, as when a tab is duplicated.
    pub(crate) fn clone_tab(&mut self, key: SessionKey) -> usize {
        self.tabs
            .push(Tab::new(ClientConfig::default(), 77, Some(key)));
        self.tabs.len() - 1
    }

    pub(crate) fn tab(&mut self) -> &mut Tab {
        &mut self.tabs[0]
    }

    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.tabs[0].client
    }

    /// The one session of the server.
    pub(crate) fn session(&mut self) -> &mut Session {
        let sessions = &mut self.host.sessions;
        assert_eq!(sessions.len(), 1, "the server has one session");
        sessions.values_mut().next().expect("there is one")
    }

    /// Starts to connect.
    pub(crate) fn connect(&mut self) {
        let now = self.now;
        self.client().connect(now);
        self.settle();
    }

    /// Starts to connect, and waits until the session is carried.
    pub(crate) fn connected(client: ClientConfig, server: SessionConfig) -> Self {
        let mut world = Self::with(client, server);
        world.connect();
        world.run_until("the session is carried", |world| {
            world.tabs[0].connections() == 1
        });
        // What the winner of a race left behind is cleared away.
        world.run(Duration::from_millis(50));
        world
    }

    /// The client sends a text; it goes out at the end of the turn.
    pub(crate) fn say(&mut self, text: &str) -> MessageId {
        self.say_payload(Payload::from(text))
    }

    pub(crate) fn say_payload(&mut self, payload: Payload) -> MessageId {
        let now = self.now;
        self.client()
            .send(now, payload, OverflowPolicy::Wait)
            .expect("the outbox takes it")
    }

    /// The server sends a text; it goes out at the end of the turn.
    pub(crate) fn reply(&mut self, text: &str) -> MessageId {
        let now = self.now;
        self.session()
            .send(now, Payload::from(text))
            .expect("the outbox takes it")
    }

    /// The server's application closes the session.
    pub(crate) fn close_session(&mut self, close: Close) {
        let now = self.now;
        self.host.farewell = Some(close.clone());
        self.session().close(now, close);
    }

    pub(crate) fn page(&mut self, event: PageEvent) {
        let now = self.now;
        self.client().handle_page(now, event);
        self.settle();
    }

    pub(crate) fn transport(&self) -> Option<Transport> {
        match self.tabs[0].client.state() {
            State::Open(transport) => Some(transport),
            State::Closed | State::Connecting | State::Waiting(_) => None,
        }
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        self.settle();
        while self.next().is_some_and(|next| next <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Lets time pass until something is so; tells how long that took.
    pub(crate) fn run_until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) -> Duration {
        let start = self.now;
        self.settle();
        while !is_so(self) {
            let next = self.next().unwrap_or(start + PATIENCE);
            assert!(
                next.since(start) < PATIENCE,
                "never: {what}; at the end the client heard {:?}",
                self.tabs[0].events.iter().rev().take(5).collect::<Vec<_>>()
            );
            self.step();
        }
        self.now.since(start)
    }

    /// Every connection breaks, and both ends know.
    pub(crate) fn cut(&mut self) {
        for link in self.links.keys().copied().collect::<Vec<_>>() {
            self.cut_link(link);
        }
        self.run(Duration::ZERO);
    }

    /// Every connection goes silent, and neither end knows. New ones work.
    pub(crate) fn half_open(&mut self) {
        for condition in self.links.values_mut() {
            condition.silent = true;
        }
    }

    /// The server process is killed and started again; it remembers nothing.
    pub(crate) fn restart_host(&mut self) {
        self.host.forget();
        self.cut();
    }

    /// The page does not run for a while; what happens to it waits.
    pub(crate) fn freeze(&mut self, span: Duration) {
        self.settle();
        let end = self.now + span;
        self.tab().frozen_until = end;
        self.run(span);
    }

    /// A packet out of nowhere on the socket that carries the session, as if the server had sent it.
    pub(crate) fn server_says(&mut self, packet: Vec<u8>) {
        let link = self.socket();
        self.enqueue(
            self.net.latency,
            Delivery::ToClient(link, ClientFact::Message(packet)),
        );
    }

    /// A packet that was on its way when the socket that carries the session went silent.
    pub(crate) fn server_had_said(&mut self, packet: Vec<u8>) {
        let link = self.socket();
        self.tell_client(link, ClientFact::Message(packet));
        self.settle();
    }

    /// An answer out of nowhere to the request under way.
    pub(crate) fn server_answers(&mut self, body: Vec<u8>) {
        let link = self.newest(|condition| !condition.is_socket);
        let fact = ClientFact::Answer {
            status: 200,
            body,
            retry_after: None,
        };
        self.enqueue(self.net.latency, Delivery::ToClient(link, fact));
    }

    /// A packet out of nowhere on the socket that carries the session, as if the client had sent it.
    pub(crate) fn client_says(&mut self, packet: Vec<u8>) {
        let link = self.socket();
        self.enqueue(
            self.net.latency,
            Delivery::ToServer(link, ServerFact::Message(packet)),
        );
    }

    /// Sockets and requests that are open from the client's side.
    pub(crate) fn open_links(&self) -> usize {
        self.links.values().filter(|link| !link.left).count()
    }

    /// Packets of one side since a moment.
    pub(crate) fn packets(&self, from: Side, since: Timestamp) -> Vec<&Packet> {
        self.wire
            .iter()
            .filter(|packet| packet.from == from && packet.at >= since)
            .collect()
    }

    fn socket(&self) -> Link {
        self.newest(|condition| condition.is_socket)
    }

    fn newest(&self, is_meant: impl Fn(&Condition) -> bool) -> Link {
        let mut open = self.links.iter().rev();
        let newest = open.find(|(_, condition)| is_meant(condition) && !condition.left);
        *newest.expect("one is open").0
    }

    fn next(&self) -> Option<Timestamp> {
        let queued = self.queue.keys().next().map(|(at, _)| *at);
        let timers = self
            .tabs
            .iter()
            .filter_map(|tab| Some(tab.timer?.max(tab.frozen_until)));
        timers
            .chain(queued)
            .chain(self.host.next_timeout())
            .min()
            .map(|next| next.max(self.now))
    }

    fn step(&mut self) {
        let Some(next) = self.next() else {
            return;
        };
        self.now = next;
        for tab in &mut self.tabs {
            if tab
                .timer
                .is_some_and(|timer| timer.max(tab.frozen_until) <= next)
            {
                tab.timer = None;
                tab.fired.push(next);
                tab.client.handle_timeout(next);
            }
        }
        self.host.handle_timeouts(next);
        while let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= next
        {
            let delivery = entry.remove();
            self.deliver(delivery);
        }
        self.settle();
    }

    /// Drains both sides, and arms the timers.
    pub(crate) fn settle(&mut self) {
        let before = self.order;
        loop {
            let mut idle = true;
            for tab in 0..self.tabs.len() {
                if self.tabs[tab].frozen_until > self.now {
                    continue;
                }
                while let Some(output) = self.tabs[tab].client.poll_output(self.now) {
                    idle = false;
                    self.perform(tab, output);
                }
                self.tabs[tab].arm();
            }
            while let Some(output) = self.host.poll_output(self.now) {
                idle = false;
                self.answer(output);
            }
            if idle {
                return;
            }
            assert!(self.order - before < 100_000, "a turn that never ends");
        }
    }

    fn perform(&mut self, index: usize, output: Output) {
        let now = self.now;
        let link = |carrier| Link {
            tab: index,
            carrier,
        };
        match output {
            Output::Abort { carrier } => {
                self.tabs[index].undone.push(now);
                self.leave(link(carrier));
            }
            Output::CloseSocket { carrier, .. } => {
                self.tabs[index].undone.push(now);
                self.leave(link(carrier));
            }
            Output::Event(event) => self.tabs[index].hear(now, event),
            Output::OpenSocket { carrier } => {
                self.tabs[index].handshakes.push(now);
                self.open_socket(link(carrier));
            }
            Output::Prepare { reauthenticate } => {
                let tab = &mut self.tabs[index];
                tab.prepared.push((now, reauthenticate));
                match tab.provider {
                    Provider::Fails => tab.client.handle_prepared(now, Err("no luck".into())),
                    Provider::Gives(token) => tab.client.handle_prepared(now, Ok(token.into())),
                    Provider::Silent => {}
                }
            }
            Output::Request {
                carrier,
                body,
                held,
            } => {
                self.tabs[index].requests.push((now, held));
                self.post(link(carrier), body, held);
            }
            Output::Transmit { carrier, message } => {
                let bytes = message.into_bytes();
                self.record(Side::Client, &bytes);
                let link = link(carrier);
                self.enqueue(
                    self.net.write_time,
                    Delivery::ToClient(link, ClientFact::Writable),
                );
                let delay = self.net.latency + self.net.write_time;
                self.enqueue(delay, Delivery::ToServer(link, ServerFact::Message(bytes)));
            }
        }
    }

    fn open_socket(&mut self, link: Link) {
        let handshakes = self.net.handshakes;
        self.links.insert(
            link,
            Condition {
                is_socket: true,
                held: false,
                silent: handshakes == Handshakes::OpenOntoNothing,
                left: false,
            },
        );
        let fact = match handshakes {
            Handshakes::Mute => return,
            Handshakes::Open | Handshakes::OpenOntoNothing => ClientFact::Opened,
            Handshakes::Refused => ClientFact::Closed(1006, String::new()),
        };
        self.enqueue(self.net.latency * 2, Delivery::ToClient(link, fact));
    }

    fn post(&mut self, link: Link, body: Vec<u8>, held: bool) {
        self.record(Side::Client, &body);
        self.links.insert(
            link,
            Condition {
                is_socket: false,
                held,
                silent: false,
                left: false,
            },
        );
        let there_and_back = self.net.latency * 2;
        match self.net.http {
            Http::Fails => {
                let fact = ClientFact::Failed;
                return self.enqueue(there_and_back, Delivery::ToClient(link, fact));
            }
            Http::Foreign(status, retry_after) => {
                let fact = ClientFact::Answer {
                    status,
                    body: b"<html>".to_vec(),
                    retry_after,
                };
                return self.enqueue(there_and_back, Delivery::ToClient(link, fact));
            }
            Http::Mute => return,
            Http::CutsAfter(limit) => self.enqueue(limit, Delivery::Cut(link)),
            Http::BuffersHolds(_) | Http::LosesAnswers | Http::Works => {}
        }
        self.enqueue(
            self.net.http_delay(body.len()),
            Delivery::ToServer(link, ServerFact::Request(body)),
        );
    }

    fn answer(&mut self, output: SessionOutput) {
        let latency = self.net.latency;
        match output {
            SessionOutput::Event(_) => {}
            SessionOutput::Disconnect { carrier, close } => {
                let fact = ClientFact::Closed(close.code.0, close.reason);
                self.enqueue(latency, Delivery::ToClient(Link::of(carrier), fact));
            }
            SessionOutput::Respond { carrier, answer } => {
                let link = Link::of(carrier);
                self.record(Side::Server, &answer.body);
                let held = self.links.get(&link).is_some_and(|link| link.held);
                let latency = self.net.http_delay(answer.body.len());
                let (delay, fact) = match self.net.http {
                    Http::LosesAnswers => (latency, ClientFact::Failed),
                    http => {
                        let fact = ClientFact::Answer {
                            status: answer.status,
                            body: answer.body,
                            retry_after: answer.close.and_then(|close| close.retry_after),
                        };
                        match http {
                            Http::BuffersHolds(span) if held => (latency + span, fact),
                            _ => (latency, fact),
                        }
                    }
                };
                self.enqueue(delay, Delivery::ToClient(link, fact));
            }
            SessionOutput::Transmit { carrier, packet } => {
                let link = Link::of(carrier);
                self.record(Side::Server, &packet);
                let written = Delivery::ToServer(link, ServerFact::Writable);
                let busy = self.net.write_time;
                self.enqueue(busy, written);
                let fact = ClientFact::Message(packet);
                self.enqueue(latency + busy, Delivery::ToClient(link, fact));
            }
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        let now = self.now;
        let link = delivery.link();
        let Some(condition) = self.links.get(&link).copied() else {
            return;
        };
        match delivery {
            Delivery::Cut(link) => self.cut_link(link),
            Delivery::ToClient(_, fact) => {
                let frozen_until = self.tabs[link.tab].frozen_until;
                let passes =
                    !condition.silent || matches!(fact, ClientFact::Opened | ClientFact::Writable);
                if frozen_until > now {
                    let wait = frozen_until.since(now);
                    self.enqueue(wait, Delivery::ToClient(link, fact));
                } else if passes && !condition.left {
                    self.tell_client(link, fact);
                }
            }
            Delivery::ToServer(_, fact) if !condition.silent => self.tell_server(link, fact),
            Delivery::ToServer(..) => {}
        }
    }

    fn tell_client(&mut self, link: Link, fact: ClientFact) {
        let now = self.now;
        let client = &mut self.tabs[link.tab].client;
        match fact {
            ClientFact::Answer {
                status,
                body,
                retry_after,
            } => {
                self.links.remove(&link);
                let answer = Answer {
                    status,
                    body: &body,
                    retry_after,
                };
                client.handle_answer(now, link.carrier, &answer);
            }
            ClientFact::Closed(code, reason) => {
                self.links.remove(&link);
                client.handle_closed(now, link.carrier, code, &reason);
            }
            ClientFact::Failed => {
                self.links.remove(&link);
                client.handle_failed(now, link.carrier);
            }
            ClientFact::Message(packet) => {
                client.handle_message(now, link.carrier, Payload::Binary(packet));
            }
            ClientFact::Opened => client.handle_opened(now, link.carrier),
            ClientFact::Writable => client.handle_writable(now, link.carrier),
        }
    }

    fn tell_server(&mut self, link: Link, fact: ServerFact) {
        let now = self.now;
        let carrier = link.at_server();
        match fact {
            ServerFact::Closed => {
                self.links.remove(&link);
                if let Some(session) = self.host.owner(carrier) {
                    session.handle_closed(carrier);
                }
            }
            ServerFact::Message(packet) => match self.host.owner(carrier) {
                Some(session) => session.handle_packet(now, carrier, &packet),
                None => self.host.open(now, carrier, &packet, Attached::Socket),
            },
            ServerFact::Request(body) => self.host.open(now, carrier, &body, Attached::Exchange),
            ServerFact::Writable => {
                if let Some(session) = self.host.owner(carrier) {
                    session.handle_writable(carrier);
                }
            }
        }
    }

    /// The client gives a link up; the server hears of it after what was sent before.
    fn leave(&mut self, link: Link) {
        if let Some(condition) = self.links.get_mut(&link) {
            condition.left = true;
            self.enqueue(
                self.net.latency,
                Delivery::ToServer(link, ServerFact::Closed),
            );
        }
    }

    fn cut_link(&mut self, link: Link) {
        self.queue.retain(|_, delivery| delivery.link() != link);
        let Some(condition) = self.links.get_mut(&link) else {
            return;
        };
        condition.silent = false;
        let is_socket = condition.is_socket;
        if let Some(session) = self.host.owner(link.at_server()) {
            session.handle_closed(link.at_server());
        }
        if is_socket {
            let fact = ClientFact::Closed(1006, String::new());
            self.enqueue(Duration::ZERO, Delivery::ToClient(link, fact));
        } else {
            let fact = ClientFact::Failed;
            self.enqueue(Duration::ZERO, Delivery::ToClient(link, fact));
        }
    }

    fn record(&mut self, from: Side, bytes: &[u8]) {
        self.wire.push(Packet {
            at: self.now,
            from,
            bytes: bytes.to_vec(),
        });
    }

    fn enqueue(&mut self, delay: Duration, delivery: Delivery) {
        self.order += 1;
        let at = self.now + delay;
        self.queue.insert((at, self.order), delivery);
    }

    /// Whether the client was told of this event.
    pub(crate) fn heard(&self, matches: impl Fn(&Event) -> bool) -> bool {
        self.tabs[0].events.iter().any(matches)
    }

    /// What the client was told to lose, or left unconfirmed at its end: text, and whether any of it was transmitted.
    pub(crate) fn unconfirmed(&self) -> Vec<(&str, bool)> {
        let lists = self.tabs[0].events.iter().filter_map(|event| match event {
            Event::Closed { unconfirmed, .. } | Event::Lost { unconfirmed, .. } => {
                Some(unconfirmed)
            }
            _ => None,
        });
        lists
            .flatten()
            .map(|one| (one.payload.as_text().unwrap_or("binary"), one.transmitted))
            .collect()
    }
}
