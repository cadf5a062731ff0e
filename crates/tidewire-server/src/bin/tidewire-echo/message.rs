//! `/message`: one address for HTTP and for WebSocket. An upgrade is echoed; a plain GET is told what it speaks.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, Method, StatusCode};
use tidewire_server::Payload;
use tokio::sync::watch;

use crate::app::{App, MAX_CONTROL_BODY};
use crate::guestbook::Place;

/// Time that one message may take to be written.
const WRITE_STALL: Duration = Duration::from_secs(20);
/// Read buffer of a socket in bytes; it stays allocated while the socket is idle.
const READ_BUFFER: usize = 4 * 1024;
/// Bytes that pongs may wait in, beside the longest echo or broadcast: a peer that pings and does not read gets no more.
const PONG_ROOM: usize = 64 * 1024;

pub(crate) async fn endpoint(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if method != Method::GET {
        return (StatusCode::METHOD_NOT_ALLOWED, [("allow", "GET")]).into_response();
    }
    match upgrade {
        Ok(upgrade) => {
            let most = usize::try_from(app.settings.args.max_message).unwrap_or(usize::MAX);
            upgrade
                .read_buffer_size(READ_BUFFER)
                .write_buffer_size(0)
                .max_write_buffer_size(most.max(MAX_CONTROL_BODY).saturating_add(PONG_ROOM))
                .max_message_size(most)
                .max_frame_size(most)
                .on_upgrade(move |socket| echo(socket, app, peer))
        }
        Err(rejection)
            if headers.contains_key(UPGRADE) || headers.contains_key("sec-websocket-key") =>
        {
            let mut response = rejection.into_response();
            response
                .headers_mut()
                .insert(CONNECTION, http::HeaderValue::from_static("close"));
            response
        }
        Err(_) => "You are using http protocol now.".into_response(),
    }
}

async fn echo(mut socket: WebSocket, app: App, peer: SocketAddr) {
    let _here = app.guests.arrive();
    let mut place = app.guests.enter(peer);
    while let Some(message) = next(&mut socket, &mut place, &app, peer).await {
        let last = matches!(message, Message::Close(_));
        match tokio::time::timeout(WRITE_STALL, socket.send(message)).await {
            Ok(Ok(())) if !last => {}
            Ok(_) | Err(_) => break,
        }
    }
    // Off the list before the farewell: who is leaving is no longer connected.
    drop(place);
    let farewell = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = tokio::time::timeout(Duration::from_secs(3), farewell).await;
}

/// The next thing to say: an echo, a broadcast, a ping, or goodbye; `None` when the client has left, or seems to have.
async fn next(
    socket: &mut WebSocket,
    place: &mut Place,
    app: &App,
    peer: SocketAddr,
) -> Option<Message> {
    let heartbeat = app.settings.args.heartbeat;
    loop {
        tokio::select! {
            // Without a word for two heartbeats it is gone, whatever its connection says.
            () = tokio::time::sleep(heartbeat) => {
                return (!std::mem::replace(&mut place.is_asked, true)).then(|| Message::Ping(Bytes::new()));
            }
            broadcast = place.broadcasts.recv() => return broadcast.map(into_message),
            () = closing(&mut place.closing) => {
                return Some(Message::Close(Some(CloseFrame { code: 1001, reason: "draining: the server stops".into() })));
            }
            received = socket.recv() => {
                place.is_asked = false;
                match received {
                    Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                        place.count();
                        app.board.count();
                        if let Message::Text(text) = &message {
                            app.numbers.count(text);
                        }
                        if app.settings.args.print {
                            print(&message);
                        }
                        app.faults.count_message(Some(peer));
                        return Some(message);
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                }
            }
        }
    }
}

/// Completes when everybody is asked to leave.
async fn closing(closing: &mut watch::Receiver<bool>) {
    // An error means that the server is gone, which is reason enough to leave.
    let _ = closing.wait_for(|closing| *closing).await;
}

fn print(message: &Message) {
    match message {
        Message::Text(text) => println!("{text}"),
        Message::Binary(bytes) => println!("{} bytes", bytes.len()),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
    }
}

fn into_message(payload: Payload) -> Message {
    match payload {
        Payload::Binary(bytes) => Message::Binary(bytes.into()),
        Payload::Text(text) => Message::Text(text.into()),
    }
}
