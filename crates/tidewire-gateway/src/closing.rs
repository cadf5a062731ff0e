//! How a connection to a backend is closed: RFC 6455 section 7.1, from the client's side.

use std::future::pending;
use std::time::Duration;

use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tidewire_server::Close;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};

use crate::ending::{Ending, Fault};
use crate::wire::Watched;

/// A connection to a backend.
pub(crate) type Backend = WebSocketStream<Watched<TokioIo<Upgraded>>>;

/// Sends the close frame of a page, and tells how the backend answered within the time. Messages that come before its answer are
/// dropped, since a page that closes hears no more. The connection comes back where its end is still to be waited for.
pub(crate) async fn shake_hands(
    backend: Backend,
    close: Option<Close>,
    patience: Duration,
) -> (Ending, Option<Backend>) {
    let (mut sink, mut stream) = backend.split();
    let answer = async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Close(frame))) => return Ok(frame),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Fault::of(&error)),
                None => return Err(Fault::Lost),
            }
        }
    };
    let heard = tokio::time::timeout(patience, async {
        // At the same time: a backend may read no more before it has said what it says.
        tokio::select! {
            heard = answer => heard,
            never = async { say(&mut sink, close).await; pending().await } => never,
        }
    });
    match heard.await.unwrap_or(Err(Fault::Unanswered)) {
        Ok(frame) => {
            let backend = sink.reunite(stream).ok();
            let code = backend.as_ref().and_then(|it| it.get_ref().close_code());
            (Ending::of_backend(frame, code), backend)
        }
        Err(fault) => (Ending::Fault(fault), None),
    }
}

/// Says goodbye to the backend in due form, and waits a bounded time for it to do the same, and to end the connection.
pub(crate) async fn hang_up(backend: Option<Backend>, farewell: Option<Close>, patience: Duration) {
    let Some(backend) = backend else { return };
    let (mut sink, mut stream) = backend.split();
    let end = async { while let Some(Ok(_)) = stream.next().await {} };
    let goodbye = async { tokio::join!(say(&mut sink, farewell), end) };
    // A timeout means that the backend does not care.
    let _ = tokio::time::timeout(patience, goodbye).await;
}

/// Sends a close frame, or behind the backend's own the answer to it.
async fn say(sink: &mut SplitSink<Backend, Message>, close: Option<Close>) {
    let frame = close.map(|close| CloseFrame {
        code: close.code.0.into(),
        reason: close.reason.into(),
    });
    // Where that fails the backend is gone, and what it said last tells why.
    let _ = sink.send(Message::Close(frame)).await;
}
