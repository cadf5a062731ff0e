//! Packets and events as a reader of a trace sees them.

use tidewire_proto::server::SessionEvent;
use tidewire_proto::wire::{Frame, Hello, HelloMode, Reader};
use tidewire_proto::{Event, Payload};

/// One packet, frame by frame, without keys and contents.
pub(crate) fn describe(packet: &[u8]) -> String {
    let mut text = format!("[{} B]", packet.len());
    let mut reader = Reader::new(packet);
    loop {
        text.push(' ');
        match Frame::read(&mut reader) {
            Ok(Some(frame)) => text.push_str(&name(&frame)),
            Ok(None) => return text,
            Err(violation) => {
                text.push_str(violation.rule);
                return text;
            }
        }
    }
}

fn name(frame: &Frame<'_>) -> String {
    match frame {
        Frame::Ack(ack) => format!(
            "ack {}+{}/{}",
            ack.received.messages, ack.received.offset, ack.acknowledged
        ),
        Frame::Answer {
            attach, exchange, ..
        } => format!("answer {attach}.{exchange}"),
        Frame::Close(close) => format!("close {} {:?}", close.code.0, close.reason),
        Frame::First { total, bytes, .. } => format!("first {}/{total}", bytes.len()),
        Frame::Further { last, bytes } => format!(
            "further {}{}",
            bytes.len(),
            if *last { " last" } else { "" }
        ),
        Frame::Hello(hello) => greeting(hello),
        Frame::Message { bytes, .. } => format!("message {}", bytes.len()),
        Frame::Seek(position) => format!("seek {}+{}", position.messages, position.offset),
        Frame::Welcome(welcome) => format!(
            "welcome {} to {} {} {}+{}/{}",
            welcome.attach,
            welcome.session,
            if welcome.resumed { "resumed" } else { "fresh" },
            welcome.ack.received.messages,
            welcome.ack.received.offset,
            welcome.ack.acknowledged
        ),
        Frame::Drain(_) | Frame::Ping(_) | Frame::Pong(_) | Frame::Stale => {
            format!("{frame:?}").to_lowercase()
        }
    }
}

fn greeting(hello: &Hello) -> String {
    let mode = match hello.mode {
        HelloMode::Socket => "socket".into(),
        HelloMode::Send => format!("send {}", hello.exchange),
        HelloMode::Poll => format!("poll {}", hello.exchange),
        HelloMode::Hold { ms } => format!("hold {} for {ms} ms", hello.exchange),
    };
    format!(
        "hello {mode} attach {}{}{} has {}+{}/{}",
        hello.attach,
        if hello.resume { " resume" } else { "" },
        if hello.welcomed { " welcomed" } else { "" },
        hello.ack.received.messages,
        hello.ack.received.offset,
        hello.ack.acknowledged
    )
}

/// An event of a session in one line.
pub(crate) fn summary(event: &SessionEvent) -> String {
    match event {
        SessionEvent::Ended {
            cause, unconfirmed, ..
        } => {
            format!("ended: {cause:?}, {} unconfirmed", unconfirmed.len())
        }
        SessionEvent::Message(payload) => content(payload),
        other => format!("{other:?}"),
    }
}

/// An event of a client in one line.
pub(crate) fn client_summary(event: &Event) -> String {
    match event {
        Event::Closed { cause, unconfirmed } => {
            format!("closed: {cause:?}, {} unconfirmed", unconfirmed.len())
        }
        Event::Lost { cause, unconfirmed } => {
            format!("lost: {cause:?}, {} unconfirmed", unconfirmed.len())
        }
        Event::Message { payload, .. } => content(payload),
        Event::Dropped { id, payload } => format!("dropped {id:?} of {} B", payload.len()),
        other => format!("{other:?}"),
    }
}

fn content(payload: &Payload) -> String {
    let head: String = payload
        .as_bytes()
        .iter()
        .take(8)
        .map(|byte| char::from(*byte))
        .collect();
    format!("message {head} of {} B", payload.len())
}
