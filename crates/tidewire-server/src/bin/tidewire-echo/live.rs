//! `/live` and `/broadcast`: the echo for tidewire clients, and what is said to everybody.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Serialize;
use tidewire_server::{Broadcast, Payload, Session};

use crate::app::App;
use crate::news::Kind;

/// Serves every session until the hub shuts down.
pub(crate) async fn echo_all(app: App) {
    let hub = app.hub.clone();
    hub.run(move |session| echo(session, app.clone())).await;
}

async fn echo(mut session: Session, app: App) {
    while let Some(message) = session.next().await {
        if let Some(text) = message.as_text() {
            app.numbers.count(text);
        }
        if session.send(message).await.is_err() {
            return;
        }
        app.board.count();
        app.faults.count_message(session.handle().peer());
    }
}

/// How far a broadcast reached.
#[derive(Debug, Serialize)]
struct Reach {
    reached: usize,
    /// Clients that are closing or too far behind.
    refused: usize,
}

/// Sends the body to every client, on every transport and on `/message`: as text where it is UTF-8. Text is news, too.
pub(crate) async fn broadcast(State(app): State<App>, body: Bytes) -> Response {
    let (message, news) = match String::from_utf8(body.into()) {
        Ok(text) => (Payload::Text(text.clone()), app.news.make(Kind::Push, text)),
        Err(bytes) => (Payload::Binary(bytes.into_bytes()), Broadcast::default()),
    };
    let (taken, slow) = app.guests.broadcast(&message);
    let sessions = app.hub.broadcast(message);
    Json(Reach {
        reached: taken + sessions.sent + news.sent,
        refused: slow + sessions.refused + news.refused,
    })
    .into_response()
}
