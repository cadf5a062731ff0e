//! One session and its backend's connection, from the opening of both to the end of both.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tidewire_server::{Cause, Close, CloseCode, Payload, SendErrorKind, Session, SessionHandle};
use tokio::sync::Notify;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use crate::closing::{self, Backend};
use crate::control::{self, Malformed, Said, Speaker};
use crate::dial::{DialError, Opened};
use crate::ending::{Ending, Fault};
use crate::forward::{self, Opening};
use crate::frames::Frames;
use crate::gateway::Inner;
use crate::wire::Watched;

/// Read buffer of a connection to a backend.
const READ_BUFFER: usize = 16 * 1024;
/// Bytes beside the longest message that pongs may wait in while a backend does not read.
const PONG_ROOM: usize = 64 * 1024;

/// Serves one session.
pub(crate) async fn run(gateway: Arc<Inner>, mut session: Session) {
    let _counted = gateway.counters.bridges.enter();
    let handle = session.handle();
    // The hook has refused what cannot be read.
    let speaker = Speaker::read(session.token()).unwrap_or(Speaker::Ordinary);
    let voice = Voice {
        handle: &handle,
        is_drop_in: matches!(speaker, Speaker::DropIn { .. }),
    };
    let opened = tokio::select! {
        opened = open(&gateway, &session, &speaker) => opened,
        _ = handle.ended() => {
            gateway.counters.ended("browser");
            return;
        }
    };
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) => {
            gateway.counters.ended(error.name());
            return voice.close(&Ending::Unopened(error)).await;
        }
    };
    if voice.is_drop_in {
        // Fails where the session has ended in the meantime, as what follows sees.
        let _ = voice.say(control::opened(opened.protocol.as_deref())).await;
    }
    let (ending, backend) = carry(&gateway, &mut session, &voice, opened).await;
    // Who began it: how a handshake with the backend ends is told to the page.
    gateway.counters.ended(ending.name());
    let patience = gateway.limits.backend_close;
    let (ending, backend) = match (ending, backend) {
        (Ending::ByPage(close), Some(backend)) => {
            closing::shake_hands(backend, close, patience).await
        }
        other => other,
    };
    let cause = session.end().map(|end| end.cause.clone());
    let farewell = match (&ending, cause) {
        (Ending::ByBrowser, Some(Cause::Refused(close))) if voice.is_drop_in => {
            Some(control::close_frame(close))
        }
        (_, cause) => ending.farewell(cause, gateway.is_stopping()),
    };
    // Side by side, since the session's end may wait for a browser that is away.
    tokio::join!(
        closing::hang_up(backend, farewell, patience),
        voice.close(&ending)
    );
}

async fn open(gateway: &Inner, session: &Session, speaker: &Speaker) -> Result<Opened, DialError> {
    let parts = session.parts();
    let protocols = match speaker {
        Speaker::DropIn { protocols } => protocols.join(", "),
        Speaker::Ordinary => forward::offered(parts),
    };
    let opening = Opening::of(parts, &protocols).map_err(DialError::Handshake)?;
    gateway.dial(opening).await
}

/// Passes messages on until either side ends.
async fn carry(
    gateway: &Inner,
    session: &mut Session,
    voice: &Voice<'_>,
    opened: Opened,
) -> (Ending, Option<Backend>) {
    let longest = usize::try_from(gateway.limits.message_bytes).unwrap_or(usize::MAX);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(longest.saturating_add(PONG_ROOM))
        .max_message_size(Some(longest))
        .max_frame_size(Some(longest));
    let (connection, frames) = Watched::new(opened.connection);
    let socket = WebSocketStream::from_raw_socket(connection, Role::Client, Some(config)).await;
    let (mut sink, mut stream) = socket.split();
    let ping = Notify::new();
    let ending = tokio::select! {
        ending = to_backend(gateway, session, voice, &mut sink, &ping) => ending,
        ending = to_browser(gateway, voice, &mut stream, &frames, &ping) => ending,
    };
    // The two halves are of one connection, so they go together.
    (ending, sink.reunite(stream).ok())
}

/// Takes what the browser sends, one message at a time: while the backend does not take one, the browser waits.
async fn to_backend(
    gateway: &Inner,
    session: &mut Session,
    voice: &Voice<'_>,
    sink: &mut SplitSink<Backend, Message>,
    ping: &Notify,
) -> Ending {
    loop {
        let message = tokio::select! {
            payload = session.next() => match payload.map(|payload| voice.hear(payload)) {
                Some(Ok(Said::Message(payload))) => {
                    gateway.counters.to_backend.count(payload.len());
                    message_of(payload)
                }
                Some(Ok(Said::Close(close))) => return Ending::ByPage(close),
                Some(Err(Malformed)) => return Ending::Malformed,
                None => return Ending::ByBrowser,
            },
            () = ping.notified() => Message::Ping(bytes::Bytes::new()),
        };
        match tokio::time::timeout(gateway.limits.backend_write, sink.send(message)).await {
            Ok(Ok(())) => {}
            // What the backend said before is read by the other direction, which knows better why it ended; but that one may
            // be waiting for a browser that never comes.
            Ok(Err(_)) => {
                session.handle().ended().await;
                return Ending::ByBrowser;
            }
            Err(_) => return Ending::Fault(Fault::Stalled),
        }
    }
}

/// Takes what the backend sends, one message at a time: while the session has no room, the backend waits.
async fn to_browser(
    gateway: &Inner,
    voice: &Voice<'_>,
    stream: &mut SplitStream<Backend>,
    frames: &Mutex<Frames>,
    ping: &Notify,
) -> Ending {
    let mut is_asked = false;
    loop {
        let incoming =
            match tokio::time::timeout(gateway.limits.backend_silence, stream.next()).await {
                Ok(incoming) => incoming,
                Err(_) if is_asked => return Ending::Fault(Fault::Silent),
                Err(_) => {
                    is_asked = true;
                    ping.notify_one();
                    continue;
                }
            };
        is_asked = false;
        let payload = match incoming {
            Some(Ok(Message::Text(text))) => Payload::Text(text.as_str().to_owned()),
            Some(Ok(Message::Binary(bytes))) => Payload::Binary(bytes.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Ok(Message::Close(frame))) => {
                // The library tells some registered codes, 1014 among them, as a broken rule.
                let frames = frames.lock().unwrap_or_else(PoisonError::into_inner);
                return Ending::of_backend(frame, frames.close_code());
            }
            Some(Err(error)) => return Ending::Fault(Fault::of(&error)),
            None => return Ending::Fault(Fault::Lost),
        };
        gateway.counters.to_browser.count(payload.len());
        match voice.pass(payload).await {
            Ok(()) => {}
            Err(SendErrorKind::TooLarge { .. }) => return Ending::Fault(Fault::Message),
            // The session has ended, or is about to: the other direction sees its end.
            Err(_) => std::future::pending().await,
        }
    }
}

fn message_of(payload: Payload) -> Message {
    match payload {
        Payload::Binary(bytes) => Message::Binary(bytes.into()),
        Payload::Text(text) => Message::Text(text.into()),
    }
}

/// How a session is spoken to: with control messages, or without.
struct Voice<'a> {
    handle: &'a SessionHandle,
    is_drop_in: bool,
}

impl Voice<'_> {
    /// Reads a message of the client.
    fn hear(&self, payload: Payload) -> Result<Said, Malformed> {
        match self.is_drop_in {
            true => control::read(payload),
            false => Ok(Said::Message(payload)),
        }
    }

    /// Passes on a message of the backend.
    async fn pass(&self, payload: Payload) -> Result<(), SendErrorKind> {
        let payload = match self.is_drop_in {
            true => control::literal(payload),
            false => payload,
        };
        self.say(payload).await
    }

    async fn say(&self, payload: Payload) -> Result<(), SendErrorKind> {
        self.handle
            .send(payload)
            .await
            .map_err(|error| error.kind)?;
        Ok(())
    }

    /// Ends the session behind all that the backend sent, and waits until it has ended: a browser that is away hears of it when
    /// it comes back.
    async fn close(&self, ending: &Ending) {
        let close = match self.is_drop_in {
            true => {
                let (is_clean, close) = ending.closed();
                // Fails where the session has ended by itself.
                if self
                    .say(control::closed(is_clean, close.code.0, &close.reason))
                    .await
                    .is_err()
                {
                    return;
                }
                Close::new(CloseCode::NORMAL, "closed: the last message says why")
            }
            false => ending.close(),
        };
        self.handle.close_with(close);
        self.handle.ended().await;
    }
}
