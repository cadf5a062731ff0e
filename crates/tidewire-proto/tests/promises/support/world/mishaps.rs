//! What goes wrong with connections that are open, and packets that nobody sent.

use core::time::Duration;

use super::World;
use crate::support::net::{ClientFact, Condition, Delivery, Link, ServerFact};

impl World {
    /// Every connection breaks, and both ends know.
    pub(crate) fn cut(&mut self) {
        for link in self.links.keys().copied().collect::<Vec<_>>() {
            self.cut_link(link);
        }
        self.run(Duration::ZERO);
    }

    pub(super) fn cut_link(&mut self, link: Link) {
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

    fn socket(&self) -> Link {
        self.newest(|condition| condition.is_socket)
    }

    fn newest(&self, is_meant: impl Fn(&Condition) -> bool) -> Link {
        let mut open = self.links.iter().rev();
        let newest = open.find(|(_, condition)| is_meant(condition) && !condition.left);
        *newest.expect("one is open").0
    }
}
