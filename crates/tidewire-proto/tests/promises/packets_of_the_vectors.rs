//! Both sides read and write the wire as the test vectors say, which any implementation can use.

use serde::Deserialize;
use serde_json::{Value, json};

use tidewire_proto::wire::{Ack, Frame, HelloMode, Position, Reader, Writer};
use tidewire_proto::{CarrierId, Close};

use super::support::direct::Direct;
use super::support::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[derive(Deserialize)]
struct Vectors {
    integers: Vec<Integer>,
    malformed_integers: Vec<Named>,
    frames: Vec<OneFrame>,
    packets: Vec<Sequence>,
    malformed: Vec<Malformed>,
}

#[derive(Deserialize)]
struct Integer {
    value: String,
    hex: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    hex: String,
}

#[derive(Deserialize)]
struct OneFrame {
    name: String,
    hex: String,
    fields: Value,
}

#[derive(Deserialize)]
struct Sequence {
    name: String,
    hex: String,
    frames: Vec<String>,
}

#[derive(Deserialize)]
struct Malformed {
    name: String,
    when: String,
    hex: String,
    code: u16,
    rule: String,
}

fn vectors() -> Vectors {
    let file = include_str!("../../../../docs/vectors/wire.json");
    serde_json::from_str(file).expect("the file is well-formed")
}

#[test]
fn integers_are_read_and_written_as_the_vectors_say() {
    for integer in vectors().integers {
        let value: u64 = integer.value.parse().expect("it fits 64 bits");
        let mut writer = Writer::default();
        writer.varint(value);
        assert_eq!(hex(&writer.into_packet()), integer.hex);
        let bytes = bytes(&integer.hex);
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.varint(), value);
        assert_eq!(reader.check(), Ok(()));
        assert!(reader.is_empty());
    }
    for integer in vectors().malformed_integers {
        let bytes = bytes(&integer.hex);
        let mut reader = Reader::new(&bytes);
        reader.varint();
        assert!(reader.check().is_err(), "{}", integer.name);
    }
}

#[test]
fn frames_are_read_and_written_as_the_vectors_say() {
    let mut types = Vec::new();
    for vector in vectors().frames {
        let bytes = bytes(&vector.hex);
        types.push(bytes[0]);
        let mut reader = Reader::new(&bytes);
        let frame = Frame::read(&mut reader)
            .expect("it is well-formed")
            .expect("there is one");
        assert!(reader.is_empty(), "{}", vector.name);
        assert_eq!(describe(&frame), vector.fields, "{}", vector.name);
        assert_eq!(hex(&write(&frame)), vector.hex, "{}", vector.name);
    }
    types.sort_unstable();
    types.dedup();
    let all: Vec<u8> = (0x01..=0x0b).chain(0x10..=0x15).collect();
    assert_eq!(types, all, "every type has a vector");
}

#[test]
fn every_beginning_of_a_frame_that_is_cut_off_is_refused() {
    for vector in vectors().frames {
        let bytes = bytes(&vector.hex);
        for length in 1..bytes.len() {
            let cut = Frame::read(&mut Reader::new(&bytes[..length]));
            assert!(cut.is_err(), "{} after {length} bytes", vector.name);
        }
    }
}

#[test]
fn packets_are_read_and_written_as_the_vectors_say() {
    for vector in vectors().packets {
        let bytes = bytes(&vector.hex);
        let mut reader = Reader::new(&bytes);
        let mut names = Vec::new();
        let mut again = Vec::new();
        while let Some(frame) = Frame::read(&mut reader).expect("it is well-formed") {
            let name = describe(&frame)["type"].as_str().map(String::from);
            names.push(name.expect("each frame has a type"));
            again.extend(write(&frame));
        }
        assert_eq!(names, vector.frames, "{}", vector.name);
        assert_eq!(hex(&again), vector.hex, "{}", vector.name);
    }
}

#[test]
fn a_server_answers_the_first_packets_of_the_vectors() {
    let packets = vectors().packets;
    let packet = |name: &str| {
        let vector = packets.iter().find(|packet| packet.name == name);
        bytes(&vector.expect("it is among the vectors").hex)
    };
    let first = packet("first flight of a new session, two messages");
    let opening = read_any_opening(&first).expect("it is well-formed");
    let mut direct = Direct::created_by(SessionConfig::default(), &opening.hello);
    direct.session.attach(direct.now, CarrierId(1), &opening);
    direct.settle();
    assert_eq!(direct.texts(), ["hello"]);
    assert_eq!(direct.session.received(), 2);
    let (_, welcome) = direct.transmitted.first().expect("it is welcomed");
    assert!(kinds(welcome).contains(&Kind::Welcome));

    direct.reply("hello");
    direct.says(
        1,
        &packet("a later packet with an acknowledgement and a message"),
    );
    assert_eq!(direct.texts(), ["hello", "more"]);
    assert_eq!(direct.session.acknowledged(), 1);
    direct.says(1, &packet("the end of a session"));
    assert!(direct.session.is_ended());
}

#[test]
fn a_server_refuses_each_malformed_packet_with_its_code_and_rule_and_keeps_the_session() {
    for vector in vectors().malformed {
        let packet = bytes(&vector.hex);
        let told: Option<Close> = match vector.when.as_str() {
            "opening" => match read_any_opening(&packet) {
                Err(close) => Some(close),
                Ok(opening) => {
                    let mut direct = Direct::created_by(SessionConfig::default(), &opening.hello);
                    direct.session.attach(direct.now, CarrierId(1), &opening);
                    direct.settle();
                    assert!(!direct.session.is_ended(), "{}", vector.name);
                    direct.refusal(1).cloned()
                }
            },
            "socket" => {
                let mut direct = Direct::on_socket(SessionConfig::default());
                direct.says(1, &packet);
                assert!(!direct.session.is_ended(), "{}", vector.name);
                direct.refusal(1).cloned()
            }
            _ => continue,
        };
        let close = told.unwrap_or_else(|| panic!("{} was taken", vector.name));
        assert_eq!(
            (close.code.0, close.name()),
            (vector.code, vector.rule.as_str()),
            "{}",
            vector.name
        );
        assert!(close.reason.len() <= Close::MAX_REASON);
    }
}

#[test]
fn a_client_gives_up_a_connection_that_brings_a_malformed_packet_and_names_the_rule() {
    for vector in vectors().malformed {
        if vector.when != "client" {
            continue;
        }
        let mut world = World::connected(ClientConfig::default(), SessionConfig::default());
        world.server_says(bytes(&vector.hex));
        world.run(secs(60));

        let blamed = world.heard(|event| {
            matches!(
                event,
                Event::Hiccup { cause: Cause::PeerMisbehaved(rule), .. }
                    if rule.split(':').next() == Some(&vector.rule)
            )
        });
        assert!(blamed, "{}: {:?}", vector.name, world.tabs[0].events);
        // Numbers that disagree are beyond repair; anything else may be mended by another connection.
        if vector.code == CloseCode::SEQUENCE.0 {
            let lost = world.heard(|event| matches!(event, Event::Lost { .. }));
            assert!(lost, "{}", vector.name);
        }
        assert!(world.transport().is_some(), "{}", vector.name);
    }
}

#[test]
fn the_example_of_the_specification_is_among_the_vectors() {
    let specification = include_str!("../../../../docs/PROTOCOL.md");
    let packets = vectors().packets;
    let examples: Vec<String> = specification
        .split("```hex\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .map(|block| {
            let lines = block.lines().filter_map(|line| line.split('#').next());
            lines.flat_map(str::split_whitespace).collect()
        })
        .collect();
    assert_eq!(examples.len(), 4);
    for (example, packet) in examples.iter().zip(&packets) {
        assert_eq!(*example, packet.hex, "{}", packet.name);
    }
}

/// A frame as the vectors show it.
fn describe(frame: &Frame<'_>) -> Value {
    match frame {
        Frame::Ack(ack) => {
            let mut value = json!({ "type": "ack" });
            add_ack(&mut value, *ack);
            value
        }
        Frame::Answer {
            attach,
            exchange,
            held_ms,
        } => json!({
            "type": "answer",
            "attach": attach.to_string(),
            "exchange": exchange.to_string(),
            "held_ms": held_ms.to_string(),
        }),
        Frame::Close(close) => {
            let retry_after = close.retry_after.map_or(0, |delay| delay.as_millis());
            json!({
                "type": "close",
                "code": close.code.0.to_string(),
                "retry_after_ms": retry_after.to_string(),
                "reason": close.reason,
            })
        }
        Frame::Drain(delay) => json!({ "type": "drain", "delay_ms": delay.to_string() }),
        Frame::First { text, total, bytes } => json!({
            "type": "first", "text": text, "total": total.to_string(), "bytes": hex(bytes),
        }),
        Frame::Further { last, bytes } => {
            json!({ "type": "further", "last": last, "bytes": hex(bytes) })
        }
        Frame::Hello(hello) => {
            let mut value = json!({
                "type": "hello",
                "resume": hello.resume,
                "welcomed": hello.welcomed,
                "mode": match hello.mode {
                    HelloMode::Socket => "socket",
                    HelloMode::Send => "send",
                    HelloMode::Poll => "poll",
                    HelloMode::Hold { .. } => "hold",
                },
                "key": hex(hello.key.as_bytes()),
                "instance": hello.instance.to_string(),
                "attach": hello.attach.to_string(),
                "exchange": hello.exchange.to_string(),
                "max_message": hello.max_message.to_string(),
                "window_bytes": hello.window_bytes.to_string(),
                "window_messages": hello.window_messages.to_string(),
                "token": hex(&hello.token),
            });
            add_ack(&mut value, hello.ack);
            if hello.resume {
                value["session"] = hello.session.to_string().into();
            }
            if let HelloMode::Hold { ms } = hello.mode {
                value["hold_ms"] = ms.to_string().into();
            }
            value
        }
        Frame::Message { text, bytes } => {
            json!({ "type": "message", "text": text, "bytes": hex(bytes) })
        }
        Frame::Ping(nonce) => json!({ "type": "ping", "nonce": nonce.to_string() }),
        Frame::Pong(nonce) => json!({ "type": "pong", "nonce": nonce.to_string() }),
        Frame::Seek(Position { messages, offset }) => json!({
            "type": "seek", "messages": messages.to_string(), "offset": offset.to_string(),
        }),
        Frame::Stale => json!({ "type": "stale" }),
        Frame::Welcome(welcome) => {
            let mut value = json!({
                "type": "welcome",
                "attach": welcome.attach.to_string(),
                "resumed": welcome.resumed,
                "session": welcome.session.to_string(),
                "max_message": welcome.max_message.to_string(),
                "window_bytes": welcome.window_bytes.to_string(),
                "window_messages": welcome.window_messages.to_string(),
                "life_ms": welcome.life_ms.to_string(),
                "heartbeat_ms": welcome.heartbeat_ms.to_string(),
            });
            add_ack(&mut value, welcome.ack);
            value
        }
    }
}

fn add_ack(value: &mut Value, ack: Ack) {
    let Position { messages, offset } = ack.received;
    value["messages"] = messages.to_string().into();
    value["offset"] = offset.to_string().into();
    value["waiting"] = (messages - ack.acknowledged).to_string().into();
}

/// Writes a frame with the writer of the library.
pub(crate) fn write(frame: &Frame<'_>) -> Vec<u8> {
    let mut writer = Writer::default();
    match frame {
        Frame::Ack(ack) => writer.ack(*ack),
        Frame::Answer {
            attach,
            exchange,
            held_ms,
        } => writer.answer(*attach, *exchange, *held_ms),
        Frame::Close(close) => writer.close(close),
        Frame::Drain(delay) => writer.drain(*delay),
        Frame::First { text, total, bytes } => writer.first(*text, *total, bytes),
        Frame::Further { last, bytes } => writer.further(*last, bytes),
        Frame::Hello(hello) => hello.write(&mut writer),
        Frame::Message { text, bytes } => writer.message(*text, bytes),
        Frame::Ping(nonce) => writer.ping(*nonce),
        Frame::Pong(nonce) => writer.pong(*nonce),
        Frame::Seek(position) => writer.seek(*position),
        Frame::Stale => writer.stale(),
        Frame::Welcome(welcome) => writer.welcome(welcome),
    }
    writer.into_packet()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| {
            let pair = core::str::from_utf8(pair).expect("hex is ASCII");
            u8::from_str_radix(pair, 16).expect("two digits of hex")
        })
        .collect()
}
