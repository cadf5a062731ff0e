//! `/live`, `/connections` and `/broadcast`: the echo for tidewire clients, and the view of everybody.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use futures_util::StreamExt;
use http::HeaderMap;
use http::header::ACCEPT;
use serde::Serialize;
use tidewire_server::{Payload, Session};

use crate::app::App;

/// Serves every session until the hub shuts down.
pub(crate) async fn echo_all(app: App) {
    let hub = app.hub.clone();
    hub.run(move |session| echo(session, app.clone())).await;
}

async fn echo(mut session: Session, app: App) {
    while let Some(message) = session.next().await {
        if session.send(message).await.is_err() {
            return;
        }
        app.faults.count_message(session.handle().peer());
    }
}

/// One connected client.
#[derive(Debug, Serialize)]
struct Connection {
    /// Which list it is in: `live` for a session, `message` for a plain WebSocket.
    endpoint: &'static str,
    id: u64,
    /// What carries it; none while the client of a session is away.
    transport: Option<&'static str>,
    /// `attached`, or `away`: the session lives and its client has no connection.
    state: &'static str,
    /// Milliseconds since 1970.
    since: u64,
    /// Messages received from the client.
    messages: u64,
    peer: Option<String>,
}

#[derive(Debug, Serialize)]
struct Connections {
    /// Clients that are connected now.
    connections: Vec<Connection>,
    /// Sessions whose client may still come back.
    away: Vec<Connection>,
}

/// Who is connected: a page, or JSON to whoever accepts that.
pub(crate) async fn connections(State(app): State<App>, headers: HeaderMap) -> Response {
    let list = list(&app);
    let wants_json = headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    if wants_json {
        Json(list).into_response()
    } else {
        Html(page(&list)).into_response()
    }
}

fn list(app: &App) -> Connections {
    let sessions = app
        .hub
        .sessions()
        .into_iter()
        .filter(|session| session.end().is_none())
        .map(|session| {
            let transport = session.transport();
            Connection {
                endpoint: "live",
                id: session.id(),
                transport: transport.map(|transport| transport.name()),
                state: if transport.is_some() {
                    "attached"
                } else {
                    "away"
                },
                since: millis(session.since()),
                messages: session.counts().received,
                peer: session.peer().map(|peer| peer.to_string()),
            }
        });
    let guests = app.guests.entries().into_iter().map(|guest| Connection {
        endpoint: "message",
        id: guest.id,
        transport: Some("WebSocket"),
        state: "attached",
        since: millis(guest.since),
        messages: guest.messages,
        peer: Some(guest.peer.to_string()),
    });
    let (connections, away) = sessions
        .chain(guests)
        .partition(|connection| connection.transport.is_some());
    Connections { connections, away }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn page(list: &Connections) -> String {
    let mut rows = String::new();
    for connection in list.connections.iter().chain(&list.away) {
        let transport = connection.transport.unwrap_or("none");
        let peer = connection.peer.as_deref().unwrap_or("unknown");
        let Connection {
            endpoint,
            id,
            state,
            messages,
            ..
        } = connection;
        // Writing to a string cannot fail.
        let _ = writeln!(
            rows,
            "<tr><td>/{endpoint}<td>{id}<td>{transport}<td>{state}<td>{messages}<td>{peer}"
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta http-equiv=\"refresh\" content=\"2\">\n\
         <title>Connections</title>\n\
         <style>body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem }} td, th {{ padding: 0 1rem; text-align: left }}</style>\n\
         <h1>{} connected, {} away</h1>\n\
         <table>\n<tr><th>endpoint<th>id<th>transport<th>state<th>messages<th>peer\n{rows}</table>\n</html>\n",
        list.connections.len(),
        list.away.len(),
    )
}

/// How far a broadcast reached.
#[derive(Debug, Serialize)]
struct Reach {
    reached: usize,
    /// Clients that are closing or too far behind.
    refused: usize,
}

/// Sends the body to every client, on every transport and on `/message`: as text where it is UTF-8.
pub(crate) async fn broadcast(State(app): State<App>, body: Bytes) -> Response {
    let message = match String::from_utf8(body.into()) {
        Ok(text) => Payload::Text(text),
        Err(bytes) => Payload::Binary(bytes.into_bytes()),
    };
    let (taken, slow) = app.guests.broadcast(&message);
    let sessions = app.hub.broadcast(message);
    Json(Reach {
        reached: taken + sessions.sent,
        refused: slow + sessions.refused,
    })
    .into_response()
}
