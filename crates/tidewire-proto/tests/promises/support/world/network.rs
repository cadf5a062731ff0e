//! The way between the two sides: what one of them puts out, and how it reaches the other.

use core::time::Duration;

use tidewire_proto::server::SessionOutput;
use tidewire_proto::{Answer, Output, Payload};

use super::World;
use crate::support::net::{ClientFact, Condition, Delivery, Handshakes, Http, Link, ServerFact};
use crate::support::{Attached, Packet, Provider, Side};

impl World {
    pub(super) fn perform(&mut self, index: usize, output: Output) {
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

    pub(super) fn answer(&mut self, output: SessionOutput) {
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

    pub(super) fn deliver(&mut self, delivery: Delivery) {
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

    pub(super) fn tell_client(&mut self, link: Link, fact: ClientFact) {
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

    fn record(&mut self, from: Side, bytes: &[u8]) {
        self.wire.push(Packet {
            at: self.now,
            from,
            bytes: bytes.to_vec(),
        });
    }

    pub(super) fn enqueue(&mut self, delay: Duration, delivery: Delivery) {
        self.order += 1;
        let at = self.now + delay;
        self.queue.insert((at, self.order), delivery);
    }
}
