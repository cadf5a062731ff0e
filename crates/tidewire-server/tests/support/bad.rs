//! Packets that no client sends and what the server must say to each, and the server that is to say it.

use std::net::SocketAddr;
use std::time::Duration;

use tidewire_proto::wire::{Ack, Hello, HelloMode, Position, Writer};
use tidewire_proto::{Close, CloseCode};
use tidewire_server::{Hub, HubConfig, Origins};

use super::Server;
use super::bystander::Bystander;
use super::raw::{hello, packet};

/// What the bystander's messages may take at the 99th percentile: the build is not optimised, and the machine may be busy.
const BYSTANDER_BOUND: Duration = Duration::from_secs(1);

pub(crate) async fn server() -> Server {
    let mut config = HubConfig::default();
    config.first_packet_timeout = Duration::from_millis(500);
    config.max_sessions_per_address = 10_000;
    let origins = Origins::same()
        .and("https://good.example")
        .expect("an origin");
    let builder = Hub::builder()
        .config(config)
        .origins(origins)
        .hosts(["localhost", "127.0.0.1"]);
    Server::start(builder, super::echo_session).await
}

/// The same, with the state of the server before and after.
pub(crate) async fn table<R, F>(rows: Vec<R>, check: impl Fn(SocketAddr, R) -> F)
where
    F: Future<Output = ()>,
{
    let server = server().await;
    let bystander = Bystander::start(server.address).await;
    for row in rows {
        check(server.address, row).await;
    }
    bystander.unharmed(BYSTANDER_BOUND).await;
}

/// What it is, the packet for a kind of carrier, the close code, and the name of the reason.
pub(crate) type BadOpening = (&'static str, fn(HelloMode) -> Packet, u16, &'static str);

/// What goes into one WebSocket message or one body.
pub(crate) type Packet = Vec<u8>;

/// Packets that come as the first of a carrier, and the name of the reason: over a socket and over HTTP.
pub(crate) fn bad_openings() -> Vec<BadOpening> {
    let mut rows: Vec<BadOpening> = vec![
        ("an empty packet", |_| Vec::new(), 4400, "empty"),
        ("an unknown frame", |_| vec![0x7f], 4400, "type"),
        (
            "another version",
            |mode| changed(mode, 1, 2),
            4426,
            "version",
        ),
        (
            "an unknown flag",
            |mode| changed(mode, 2, 0x80),
            4400,
            "flag",
        ),
        ("an unknown mode", |mode| changed(mode, 3, 9), 4400, ""),
        ("a key of zeroes", |mode| key_of(mode, 0), 4400, "key"),
        (
            "a key of one byte repeated",
            |mode| key_of(mode, 0x5a),
            4400,
            "key",
        ),
        (
            "a hello cut short",
            |mode| packet(&hello(1, mode), |_| {})[..12].to_vec(),
            4400,
            "",
        ),
        (
            "a message before the hello",
            |_| message(b"early"),
            4400,
            "order",
        ),
        (
            "an attach number of zero",
            |mode| with(mode, |hello| hello.attach = 0),
            4400,
            "attach",
        ),
        (
            "a window too small",
            |mode| with(mode, |hello| hello.window_bytes = 1),
            4400,
            "limits",
        ),
        (
            "an unknown session",
            |mode| with(mode, |hello| (hello.resume, hello.attach) = (true, 9)),
            4404,
            "unknown-session",
        ),
        (
            "a hello of the other kind of carrier",
            |mode| {
                let other = match mode {
                    HelloMode::Socket => HelloMode::Poll,
                    _ => HelloMode::Socket,
                };
                packet(&hello(1, other), |_| {})
            },
            4400,
            "mode",
        ),
        (
            "a token of 9 KiB",
            |mode| with(mode, |hello| hello.token = vec![b'a'; 9_216]),
            4413,
            "token",
        ),
        (
            "an acknowledgement of what was never sent",
            |mode| {
                let received = Position::after(5);
                with(mode, |hello| {
                    hello.ack = Ack {
                        received,
                        acknowledged: 5,
                    }
                })
            },
            4422,
            "ack",
        ),
    ];
    rows.extend([
        (
            "a varint without end",
            (|mode| then(mode, |_| {}, &[0x01, 0xff, 0xff])) as fn(HelloMode) -> Packet,
            4400,
            "",
        ),
        (
            "a second hello",
            |mode| {
                let again = packet(&hello(1, mode), |_| {});
                then(mode, |_| {}, &again)
            },
            4400,
            "order",
        ),
        (
            "bytes behind the last frame",
            |mode| then(mode, |_| {}, &[0x7f]),
            4400,
            "type",
        ),
        (
            "a gap",
            |mode| {
                then(
                    mode,
                    |writer| {
                        writer.seek(Position::after(3));
                        writer.message(true, b"x");
                    },
                    &[],
                )
            },
            4422,
            "gap",
        ),
        (
            "a jump by 2^32",
            |mode| {
                then(
                    mode,
                    |writer| {
                        writer.seek(Position::after(1 << 32));
                        writer.message(true, b"x");
                    },
                    &[],
                )
            },
            4422,
            "gap",
        ),
        (
            "text that is not UTF-8",
            |mode| {
                then(
                    mode,
                    |writer| {
                        writer.seek(Position::default());
                        writer.message(true, &[0xff, 0xfe]);
                    },
                    &[],
                )
            },
            4400,
            "utf8",
        ),
        (
            "a message too long",
            |mode| {
                then(
                    mode,
                    |writer| {
                        writer.seek(Position::default());
                        writer.first(false, (1 << 20) + 1, b"x");
                    },
                    &[],
                )
            },
            4413,
            "",
        ),
        (
            "a fragment of nothing",
            |mode| {
                then(
                    mode,
                    |writer| {
                        writer.seek(Position::default());
                        writer.further(false, b"x");
                    },
                    &[],
                )
            },
            4400,
            "fragment",
        ),
        (
            "an acknowledgement of what was never sent, later",
            |mode| {
                then(
                    mode,
                    |writer| {
                        writer.ack(Ack {
                            received: Position::after(7),
                            acknowledged: 7,
                        });
                    },
                    &[],
                )
            },
            4422,
            "ack",
        ),
        (
            "a close with a code that is never sent",
            |mode| {
                let close = Close::new(CloseCode(1_005), "<b>: x");
                then(mode, |writer| writer.close(&close), &[])
            },
            4400,
            "close-code",
        ),
        (
            "10,000 heartbeats",
            |mode| {
                then(
                    mode,
                    |writer| (0..10_000).for_each(|nonce| writer.ping(nonce)),
                    &[],
                )
            },
            4429,
            "rate",
        ),
        (
            "more messages than the window takes",
            |mode| {
                let flood = |writer: &mut Writer| {
                    writer.seek(Position::default());
                    (0..5_000).for_each(|_| writer.message(true, b"x"));
                };
                then(mode, flood, &[])
            },
            4413,
            "window",
        ),
    ]);
    rows
}

fn changed(mode: HelloMode, place: usize, byte: u8) -> Packet {
    let mut packet = packet(&hello(1, mode), |_| {});
    packet[place] = byte;
    packet
}

fn key_of(mode: HelloMode, byte: u8) -> Packet {
    let mut packet = packet(&hello(1, mode), |_| {});
    packet[4..20].fill(byte);
    packet
}

fn with(mode: HelloMode, change: impl FnOnce(&mut Hello)) -> Packet {
    let mut hello = hello(1, mode);
    change(&mut hello);
    packet(&hello, |_| {})
}

fn then(mode: HelloMode, more: impl FnOnce(&mut Writer), raw: &[u8]) -> Packet {
    let mut packet = packet(&hello(1, mode), more);
    packet.extend_from_slice(raw);
    packet
}

fn message(text: &[u8]) -> Packet {
    let mut writer = Writer::default();
    writer.message(true, text);
    writer.into_packet()
}

/// Gives the hello of a packet another key, where it has a sound one.
pub(crate) fn rekeyed(mut packet: Packet, key: u16) -> Packet {
    if let Some(bytes) = packet.get_mut(4..20)
        && bytes.iter().any(|byte| *byte != bytes[0])
    {
        bytes[14..].copy_from_slice(&key.to_be_bytes());
    }
    packet
}
