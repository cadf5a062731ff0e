//! Whatever comes, in whatever order: what is written can be read, and nothing panics, hangs or grows.

mod packets;

use core::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tidewire_proto::server::SessionOutput;
use tidewire_proto::wire::{Frame, HelloMode, Position, Reader, Writer};
use tidewire_proto::{Answer, CarrierId, Client, Session, SessionNumber};

use super::packets_of_the_vectors::write;
use super::support::direct::hello;
use super::support::*;
use packets::{frame, opening, server_packet, small_frame};

/// Bytes of the longest message of a script.
const LONGEST: usize = 45_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_written_is_read_as_it_was(packet in vec(frame(), 0..8)) {
        let bytes: Vec<u8> = packet.concat();
        let mut reader = Reader::new(&bytes);
        let mut again = Vec::new();
        while let Some(frame) = Frame::read(&mut reader).expect("a written frame is well-formed") {
            again.push(write(&frame));
        }
        prop_assert_eq!(again, packet);
    }

    #[test]
    fn any_bytes_are_a_packet_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let mut reader = Reader::new(&bytes);
        while let Ok(Some(frame)) = Frame::read(&mut reader) {
            prop_assert!(!write(&frame).is_empty());
        }
        if let Err(close) = read_any_opening(&bytes) {
            prop_assert!(close.code.0 >= 4400 && close.reason.len() <= Close::MAX_REASON);
        }
    }

    #[test]
    fn a_client_survives_any_script(script in vec((0_u64..5_000, client_action()), 0..60)) {
        let mut now = Timestamp::from_millis(5);
        let mut draw = 1_u64;
        let entropy = move || {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            draw
        };
        let mut config = ClientConfig::default();
        config.limits = tidewire_proto::Limits::default().outbox(40_000, 100);
        // A single message passes an empty outbox, however long it is.
        let bound = config.limits.outbox_bytes.max(LONGEST + tidewire_proto::Limits::MESSAGE_COST);
        let mut client = Client::new(config, Box::new(entropy)).expect("the settings make sense");
        client.connect(now);
        for (wait, action) in script {
            now = now + Duration::from_millis(wait);
            action.perform(&mut client, now);
            let mut outputs = 0;
            while client.poll_output(now).is_some() {
                outputs += 1;
                prop_assert!(outputs < 1_000, "a turn that never ends");
            }
            prop_assert!(client.stats().outbox_bytes <= bound);
            if client.state() == State::Closed {
                prop_assert_eq!(client.poll_timeout(), None);
            }
        }
    }

    #[test]
    fn a_session_survives_any_script(script in vec((0_u64..5_000, session_action()), 0..60)) {
        let mut now = Timestamp::from_millis(5);
        let mut config = SessionConfig::default();
        config.limits = tidewire_proto::Limits::default().outbox(40_000, 100);
        let mut session = Session::new(now, config, 1, &hello(HelloMode::Socket, 1, 0));
        for (wait, action) in script {
            now = now + Duration::from_millis(wait);
            action.perform(&mut session, now);
            let mut outputs = 0;
            while let Some(output) = session.poll_output(now) {
                outputs += 1;
                prop_assert!(outputs < 1_000, "a turn that never ends");
                if let SessionOutput::Transmit { carrier, packet } = output {
                    prop_assert!(!packet.is_empty());
                    session.handle_writable(carrier);
                }
            }
            if session.is_ended() {
                prop_assert_eq!(session.poll_timeout(), None);
                prop_assert_eq!(session.transport(), None);
            }
        }
    }

    #[test]
    fn a_changed_byte_harms_no_more_than_its_session(
        position in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
        let mut packet = Writer::default();
        packet.seek(Position::default());
        packet.message(true, b"one");
        packet.first(false, 9, b"two");
        packet.further(false, b"two");
        packet.ping(300);
        packet.further(true, b"two");
        let mut packet = packet.into_packet();
        let index = position.index(packet.len());
        packet[index] = value;
        world.client_says(packet.clone());
        world.server_says(packet);
        world.run(secs(60));
        prop_assert!(world.tabs[0].is_closed() || world.transport().is_some());
    }
}

#[derive(Clone, Debug)]
enum ClientAction {
    Answer(u64, u16, Vec<u8>),
    Close,
    Closed(u64, u16),
    Consume(u64),
    Failed(u64),
    Flush(bool, usize),
    Message(u64, Vec<u8>),
    Opened(u64),
    Page(PageEvent),
    Permit(bool),
    Prepared(bool),
    Send(usize, OverflowPolicy),
    Text(u64),
    Timeout,
    Writable(u64),
}

impl ClientAction {
    fn perform(self, client: &mut Client, now: Timestamp) {
        match self {
            Self::Answer(id, status, body) => {
                let answer = Answer {
                    status,
                    body: &body,
                    retry_after: (status == 429).then_some(Duration::MAX),
                };
                client.handle_answer(now, CarrierId(id), &answer);
            }
            Self::Close => client.close(now, Close::new(CloseCode::NORMAL, "done")),
            Self::Closed(id, code) => client.handle_closed(now, CarrierId(id), code, "x: y"),
            Self::Consume(messages) => client.consumed(now, SessionNumber(1), messages),
            Self::Failed(id) => client.handle_failed(now, CarrierId(id)),
            Self::Flush(leaving, most) => {
                let body = client.flush_for_unload(now, leaving, most);
                assert!(body.is_none_or(|body| body.len() <= most));
            }
            Self::Message(id, bytes) => {
                client.handle_message(now, CarrierId(id), Payload::Binary(bytes));
            }
            Self::Opened(id) => client.handle_opened(now, CarrierId(id)),
            Self::Page(event) => client.handle_page(now, event),
            Self::Permit(permitted) => client.handle_hold_permit(now, permitted),
            Self::Prepared(good) => {
                let token = if good {
                    Ok(Vec::new())
                } else {
                    Err("no".into())
                };
                client.handle_prepared(now, token);
            }
            Self::Send(bytes, policy) => {
                let sent = client.send(now, Payload::Binary(vec![1; bytes]), policy);
                if let Err(error) = sent {
                    assert_eq!(error.payload.len(), bytes, "a refusal hands back");
                }
            }
            Self::Text(id) => client.handle_message(now, CarrierId(id), Payload::from("text")),
            Self::Timeout => client.handle_timeout(now),
            Self::Writable(id) => client.handle_writable(now, CarrierId(id)),
        }
    }
}

fn client_action() -> impl Strategy<Value = ClientAction> {
    let id = 0_u64..8;
    let code = prop_oneof![
        Just(1000),
        Just(1006),
        Just(4401),
        Just(4404),
        Just(4409),
        Just(4429),
        Just(4503),
        any::<u16>()
    ];
    let status = prop_oneof![4 => Just(200_u16), 1 => Just(401), 1 => Just(429), 1 => any::<u16>()];
    let event = prop_oneof![
        Just(PageEvent::Hidden),
        Just(PageEvent::Offline),
        Just(PageEvent::Online),
        Just(PageEvent::Restored),
        Just(PageEvent::Resumed),
        Just(PageEvent::Visible)
    ];
    let policy = prop_oneof![
        Just(OverflowPolicy::DropNewest),
        Just(OverflowPolicy::DropOldest),
        Just(OverflowPolicy::Wait)
    ];
    prop_oneof![
        4 => (id.clone(), status, server_packet()).prop_map(|(id, status, body)| ClientAction::Answer(id, status, body)),
        1 => Just(ClientAction::Close),
        2 => (id.clone(), code).prop_map(|(id, code)| ClientAction::Closed(id, code)),
        2 => (0_u64..5).prop_map(ClientAction::Consume),
        2 => id.clone().prop_map(ClientAction::Failed),
        1 => (any::<bool>(), 0_usize..70_000).prop_map(|(leaving, most)| ClientAction::Flush(leaving, most)),
        8 => (id.clone(), server_packet()).prop_map(|(id, bytes)| ClientAction::Message(id, bytes)),
        6 => id.clone().prop_map(ClientAction::Opened),
        2 => event.prop_map(ClientAction::Page),
        1 => any::<bool>().prop_map(ClientAction::Permit),
        6 => prop::bool::weighted(0.8).prop_map(ClientAction::Prepared),
        4 => (0..LONGEST, policy).prop_map(|(bytes, policy)| ClientAction::Send(bytes, policy)),
        1 => id.clone().prop_map(ClientAction::Text),
        8 => Just(ClientAction::Timeout),
        6 => id.prop_map(ClientAction::Writable),
    ]
}

#[derive(Clone, Debug)]
enum SessionAction {
    Attach(u64, Vec<u8>),
    Close,
    Closed(u64),
    Consume(u64),
    Drain,
    Packet(u64, Vec<u8>),
    Send(usize),
    Timeout,
}

impl SessionAction {
    fn perform(self, session: &mut Session, now: Timestamp) {
        match self {
            Self::Attach(id, packet) => {
                if let Ok(opening) = read_any_opening(&packet) {
                    session.attach(now, CarrierId(id), &opening);
                }
            }
            Self::Close => session.close(now, Close::new(CloseCode::NORMAL, "done")),
            Self::Closed(id) => session.handle_closed(CarrierId(id)),
            Self::Consume(messages) => session.consumed(now, messages),
            Self::Drain => session.drain(Duration::MAX),
            Self::Packet(id, packet) => session.handle_packet(now, CarrierId(id), &packet),
            Self::Send(bytes) => {
                if let Err(error) = session.send(now, Payload::Binary(vec![1; bytes])) {
                    assert_eq!(error.payload.len(), bytes, "a refusal hands back");
                }
            }
            Self::Timeout => session.handle_timeout(now),
        }
    }
}

fn session_action() -> impl Strategy<Value = SessionAction> {
    let id = 0_u64..6;
    prop_oneof![
        8 => (id.clone(), opening()).prop_map(|(id, packet)| SessionAction::Attach(id, packet)),
        1 => Just(SessionAction::Close),
        3 => id.clone().prop_map(SessionAction::Closed),
        3 => (0_u64..5).prop_map(SessionAction::Consume),
        1 => Just(SessionAction::Drain),
        8 => (id.clone(), vec(small_frame(), 0..4)).prop_map(|(id, frames)| SessionAction::Packet(id, frames.concat())),
        2 => (id, opening()).prop_map(|(id, packet)| SessionAction::Packet(id, packet)),
        4 => (0..LONGEST).prop_map(SessionAction::Send),
        8 => Just(SessionAction::Timeout),
    ]
}
