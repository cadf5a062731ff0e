//! Packets and frames for the properties: well-formed ones, and such as nobody sends.

use core::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tidewire_proto::wire::{Ack, Frame, Hello, HelloMode, Position, Welcome, Writer};
use tidewire_proto::{Close, CloseCode, SessionKey};

use super::super::packets_of_the_vectors::write;
use super::super::support::direct::hello;

/// A packet that a client might begin with.
pub(super) fn opening() -> impl Strategy<Value = Vec<u8>> {
    (small_hello(), vec(small_frame(), 0..4)).prop_map(|(hello, frames)| {
        let mut writer = Writer::default();
        hello.write(&mut writer);
        [vec![writer.into_packet()], frames].concat().concat()
    })
}

/// A packet that a server might send, or nearly.
pub(super) fn server_packet() -> impl Strategy<Value = Vec<u8>> {
    let welcome = (1_u64..6, any::<bool>(), 0_u64..3).prop_map(|(attach, resumed, session)| {
        let mut writer = Writer::default();
        writer.welcome(&Welcome {
            attach,
            resumed,
            session,
            ack: Ack::default(),
            max_message: 1 << 16,
            window_bytes: 1 << 16,
            window_messages: 256,
            life_ms: 120_000,
            heartbeat_ms: 12_000,
        });
        writer.into_packet()
    });
    let answer = (1_u64..6, 1_u64..6, 0_u64..20_000).prop_map(|(attach, exchange, held)| {
        let mut writer = Writer::default();
        writer.answer(attach, exchange, held);
        writer.into_packet()
    });
    (
        prop::option::weighted(0.4, answer),
        prop::option::weighted(0.6, welcome),
        vec(small_frame(), 0..4),
    )
        .prop_map(|(answer, welcome, frames)| {
            let start = answer.into_iter().chain(welcome);
            start.chain(frames).flatten().collect()
        })
}

/// A frame with numbers so small that they may fit.
pub(super) fn small_frame() -> impl Strategy<Value = Vec<u8>> {
    let bytes = vec(any::<u8>(), 0..6);
    prop_oneof![
        2 => (0_u64..4, 0_u64..3, 0_u64..4).prop_map(|(messages, waiting, offset)| {
            let ack = Ack {
                received: Position { messages: messages + waiting, offset },
                acknowledged: messages,
            };
            write(&Frame::Ack(ack))
        }),
        3 => (0_u64..4, 0_u64..4).prop_map(|(messages, offset)| write(&Frame::Seek(Position { messages, offset }))),
        3 => (any::<bool>(), bytes.clone()).prop_map(|(text, bytes)| write(&Frame::Message { text, bytes: &bytes })),
        2 => (any::<bool>(), 0_u64..12, bytes.clone()).prop_map(|(text, total, bytes)| write(&Frame::First { text, total, bytes: &bytes })),
        2 => (any::<bool>(), bytes.clone()).prop_map(|(last, bytes)| write(&Frame::Further { last, bytes: &bytes })),
        1 => any::<u64>().prop_map(|nonce| write(&Frame::Ping(nonce))),
        1 => any::<u64>().prop_map(|nonce| write(&Frame::Pong(nonce))),
        1 => any::<u64>().prop_map(|delay| write(&Frame::Drain(delay))),
        1 => Just(write(&Frame::Stale)),
        1 => (any::<u16>(), any::<u32>()).prop_map(|(code, delay)| {
            let close = Close::new(CloseCode(code), "name: text");
            write(&Frame::Close(close.after(Duration::from_millis(delay.into()))))
        }),
        1 => bytes,
    ]
}

fn small_hello() -> impl Strategy<Value = Hello> {
    let mode = prop_oneof![
        Just(HelloMode::Socket),
        Just(HelloMode::Send),
        Just(HelloMode::Poll),
        (0_u64..20_000).prop_map(|ms| HelloMode::Hold { ms })
    ];
    (mode, 1_u64..6, 1_u64..6, 6_u32..8, any::<bool>(), 0_u64..3).prop_map(
        |(mode, attach, exchange, instance, welcomed, received)| Hello {
            instance,
            welcomed,
            ack: Ack {
                received: Position::after(received),
                acknowledged: 0,
            },
            ..hello(mode, attach, exchange)
        },
    )
}

/// Any frame at all, as bytes.
pub(super) fn frame() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || vec(any::<u8>(), 0..300);
    let fragment = || vec(any::<u8>(), 1..300);
    prop_oneof![
        ack().prop_map(|ack| write(&Frame::Ack(ack))),
        (any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(attach, exchange, held_ms)| {
            write(&Frame::Answer {
                attach,
                exchange,
                held_ms,
            })
        }),
        (any::<u16>(), any::<u32>(), "\\PC{0,40}").prop_map(|(code, delay, reason)| {
            let close = Close::new(CloseCode(code), &reason);
            write(&Frame::Close(
                close.after(Duration::from_millis(delay.into())),
            ))
        }),
        any::<u64>().prop_map(|delay| write(&Frame::Drain(delay))),
        (any::<bool>(), any::<u64>(), fragment()).prop_map(|(text, total, bytes)| {
            write(&Frame::First {
                text,
                total,
                bytes: &bytes,
            })
        }),
        (any::<bool>(), fragment()).prop_map(|(last, bytes)| {
            write(&Frame::Further {
                last,
                bytes: &bytes,
            })
        }),
        any_hello().prop_map(|hello| write(&Frame::Hello(hello))),
        (any::<bool>(), bytes()).prop_map(|(text, bytes)| {
            write(&Frame::Message {
                text,
                bytes: &bytes,
            })
        }),
        any::<u64>().prop_map(|nonce| write(&Frame::Ping(nonce))),
        any::<u64>().prop_map(|nonce| write(&Frame::Pong(nonce))),
        position().prop_map(|position| write(&Frame::Seek(position))),
        Just(write(&Frame::Stale)),
    ]
}

fn position() -> impl Strategy<Value = Position> {
    (any::<u64>(), any::<u64>()).prop_map(|(messages, offset)| Position { messages, offset })
}

fn ack() -> impl Strategy<Value = Ack> {
    (position(), any::<u64>()).prop_map(|(received, waiting)| Ack {
        received,
        acknowledged: received.messages - waiting.min(received.messages),
    })
}

fn any_hello() -> impl Strategy<Value = Hello> {
    let mode = prop_oneof![
        Just(HelloMode::Socket),
        Just(HelloMode::Send),
        Just(HelloMode::Poll),
        any::<u64>().prop_map(|ms| HelloMode::Hold { ms })
    ];
    let key = any::<[u8; 16]>().prop_filter_map("one repeated byte", SessionKey::from_bytes);
    let numbers = (any::<u32>(), 1..=u64::MAX, 1..=u64::MAX);
    let limits = (1..=u64::MAX, 65_536..=u64::MAX, 256..=u64::MAX);
    let rest = (any::<bool>(), any::<bool>(), ack(), vec(any::<u8>(), 0..40));
    (mode, key, numbers, limits, rest).prop_map(|(mode, key, numbers, limits, rest)| {
        let exchange = if mode == HelloMode::Socket {
            0
        } else {
            numbers.2
        };
        Hello {
            key,
            mode,
            resume: rest.0,
            welcomed: rest.1,
            instance: numbers.0,
            session: if rest.0 { numbers.1 } else { 0 },
            attach: numbers.1,
            exchange,
            ack: rest.2,
            max_message: limits.0,
            window_bytes: limits.1,
            window_messages: limits.2,
            token: rest.3,
        }
    })
}
