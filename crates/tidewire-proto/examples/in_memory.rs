//! A whole session in memory: both state machines, no network, no clock, no generator of random numbers.
//!
//! Built for wasm32 it also proves that the protocol asks nothing of its environment: the module has no imports.

use std::hint::black_box;

use tidewire_proto::server::{CarrierKind, SessionEvent, SessionOutput, read_opening};
use tidewire_proto::{
    CarrierId, Client, ClientConfig, Event, Output, OverflowPolicy, Payload, Session,
    SessionConfig, Timestamp,
};

fn main() {
    let mut draw = 1_u64;
    let entropy = move || {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        draw
    };
    let now = Timestamp::from_millis(1);
    let Ok(mut client) = Client::new(ClientConfig::default(), Box::new(entropy)) else {
        return;
    };
    let mut server: Option<Session> = None;
    let mut echoed = Vec::new();

    client.connect(now);
    for number in 0..3 {
        let sent = client.send(
            now,
            Payload::Text(format!("message {number}")),
            OverflowPolicy::Wait,
        );
        assert!(sent.is_ok(), "an empty outbox takes a message");
    }
    loop {
        let mut idle = true;
        while let Some(output) = client.poll_output(now) {
            idle = false;
            match output {
                Output::Prepare { .. } => client.handle_prepared(now, Ok(Vec::new())),
                Output::OpenSocket { carrier } => client.handle_opened(now, carrier),
                Output::Transmit { carrier, message } => {
                    receive(&mut server, now, carrier, message.as_bytes());
                    client.handle_writable(now, carrier);
                }
                Output::Event(Event::Message { session, payload }) => {
                    client.consumed(now, session, 1);
                    echoed.push(payload);
                }
                _ => {}
            }
        }
        while let Some(output) = server.as_mut().and_then(|server| server.poll_output(now)) {
            idle = false;
            let Some(server) = server.as_mut() else {
                return;
            };
            match output {
                SessionOutput::Transmit { carrier, packet } => {
                    server.handle_writable(carrier);
                    client.handle_message(now, carrier, Payload::Binary(packet));
                }
                SessionOutput::Event(SessionEvent::Message(payload)) => {
                    server.consumed(now, 1);
                    let sent = server.send(now, payload);
                    assert!(sent.is_ok(), "an empty outbox takes a message");
                }
                _ => {}
            }
        }
        if idle {
            break;
        }
    }
    assert_eq!(black_box(echoed).len(), 3, "each message comes back once");
}

/// The server's driver in four lines: the first packet opens the session, the others belong to it.
fn receive(server: &mut Option<Session>, now: Timestamp, carrier: CarrierId, packet: &[u8]) {
    if let Some(server) = server {
        return server.handle_packet(now, carrier, packet);
    }
    if let Ok(opening) = read_opening(packet, CarrierKind::Socket) {
        let session = server.insert(Session::new(
            now,
            SessionConfig::default(),
            1,
            &opening.hello,
        ));
        session.attach(now, carrier, &opening);
    }
}
