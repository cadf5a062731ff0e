//! `/connections`: who is connected, as a page or as JSON.

use std::fmt::Write as _;

use axum::Json;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::HeaderMap;
use http::header::ACCEPT;
use serde::Serialize;
use tidewire_server::{Hub, SessionHandle};

use crate::app::App;
use crate::clock;

/// One connected client.
#[derive(Debug, Serialize)]
struct Connection {
    /// Which list it is in: `live`, `news` or `connections` for a session, `message` for a plain WebSocket.
    endpoint: &'static str,
    /// Unique within its endpoint.
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

/// Who is connected.
#[derive(Debug, Serialize)]
pub(crate) struct Connections {
    /// Clients that are connected now.
    connections: Vec<Connection>,
    /// Sessions whose client may still come back.
    away: Vec<Connection>,
    /// How many there are beyond those that were asked for.
    unlisted: usize,
}

impl Connections {
    /// The state now, with `most` lines at most: of each endpoint the oldest first.
    pub(crate) fn now(app: &App, most: usize) -> Self {
        let guests = app.guests.entries();
        let sessions = [
            ("live", &app.hub),
            ("news", app.news.hub()),
            ("connections", app.board.hub()),
        ]
        .map(|(endpoint, hub)| (endpoint, living(hub)));
        let all = guests.len()
            + sessions
                .iter()
                .map(|(_, sessions)| sessions.len())
                .sum::<usize>();
        let sessions = sessions.iter().flat_map(|(endpoint, sessions)| {
            let line = |session| Connection::of_session(endpoint, session);
            sessions.iter().map(line)
        });
        let guests = guests.into_iter().map(|guest| Connection {
            endpoint: "message",
            id: guest.id,
            transport: Some("WebSocket"),
            state: "attached",
            since: clock::millis(guest.since),
            messages: guest.messages,
            peer: Some(guest.peer.to_string()),
        });
        let (connections, away) = sessions
            .chain(guests)
            .take(most)
            .partition(|connection| connection.transport.is_some());
        Self {
            connections,
            away,
            unlisted: all.saturating_sub(most),
        }
    }
}

impl Connection {
    fn of_session(endpoint: &'static str, session: &SessionHandle) -> Self {
        let transport = session.transport().map(|transport| transport.name());
        Self {
            endpoint,
            id: session.id(),
            transport,
            state: if transport.is_some() {
                "attached"
            } else {
                "away"
            },
            since: clock::millis(session.since()),
            messages: session.counts().received,
            peer: session.peer().map(|peer| peer.to_string()),
        }
    }
}

fn living(hub: &Hub) -> Vec<SessionHandle> {
    let mut sessions = hub.sessions();
    sessions.retain(|session| session.end().is_none());
    sessions
}

/// Who is connected: a page, or JSON to whoever accepts that.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Response {
    let list = Connections::now(&app, usize::MAX);
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
