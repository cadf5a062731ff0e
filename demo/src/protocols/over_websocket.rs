//! `/message` over WebSocket: one upgrade, and then as many messages as one likes.

use std::collections::VecDeque;
use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::platform::spawn_local;
use yew::prelude::*;

use super::opening::{Opening, opening_view};
use crate::clock;
use crate::parts::{button, line_form, panel, quiet, remedy, status};
use crate::server::{Server, random_name};
use crate::socket::{PlainSocket, SocketEvent, use_socket};
use crate::words::{bytes, counted, grouped, millis};

/// Texts that are remembered until their echo.
const MAX_OUTSTANDING: usize = 64;

#[derive(Clone, Debug, Default, PartialEq)]
struct Talk {
    phase: Phase,
    opening: Option<Opening>,
    sent: u64,
    received: u64,
    /// Sent and without an echo, and when they left, in milliseconds of the page.
    outstanding: VecDeque<(String, f64)>,
    last: String,
    /// What the last message was: an echo after so many milliseconds, or else pushed by somebody.
    round_trip: Option<f64>,
    /// Bytes of the last echo with its framing, there and back.
    cost: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Phase {
    #[default]
    Closed,
    Open,
    Opening,
    Failed,
}

enum Step {
    Begun,
    Ended,
    Heard(String),
    Opened,
    Said(String),
    Shown(Opening),
}

impl Reducible for Talk {
    type Action = Step;

    fn reduce(self: Rc<Self>, step: Step) -> Rc<Self> {
        let mut next = (*self).clone();
        match step {
            Step::Begun => {
                next = Self {
                    phase: Phase::Opening,
                    ..Self::default()
                }
            }
            Step::Ended if next.phase == Phase::Opening => next.phase = Phase::Failed,
            Step::Ended => next.phase = Phase::Closed,
            Step::Heard(text) => {
                next.received += 1;
                // Echoes come in order; any other text is a broadcast.
                let echoed = next.outstanding.front().filter(|(sent, _)| *sent == text);
                next.round_trip = echoed.map(|(_, at)| clock::now() - at);
                if next.round_trip.is_some() {
                    next.outstanding.pop_front();
                    next.cost = Some(framed(&text));
                }
                next.last = text;
            }
            Step::Opened => next.phase = Phase::Open,
            Step::Said(text) => {
                next.sent += 1;
                next.outstanding.push_back((text, clock::now()));
                // Far more than a visitor types while an echo is on its way.
                if next.outstanding.len() > MAX_OUTSTANDING {
                    next.outstanding.pop_front();
                }
            }
            Step::Shown(opening) => next.opening = Some(opening),
        }
        next.into()
    }
}

#[hook]
pub(crate) fn use_websocket(server: &Server) -> Html {
    let talk = use_reducer_eq(Talk::default);
    let socket = use_socket();
    let input = use_node_ref();
    let toggle = {
        let (server, socket, talk) = (server.clone(), Rc::clone(&socket), talk.clone());
        Callback::from(move |_| {
            let dispatch = talk.dispatcher();
            if matches!(talk.phase, Phase::Open | Phase::Opening) {
                drop(socket.take());
                return dispatch.dispatch(Step::Ended);
            }
            dispatch.dispatch(Step::Begun);
            let opened = open(&server, dispatch.clone());
            if opened.is_none() {
                dispatch.dispatch(Step::Ended);
            }
            drop(socket.replace(opened));
        })
    };
    let say = {
        let (socket, input, dispatch) = (Rc::clone(&socket), input.clone(), talk.dispatcher());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(field) = input.cast::<HtmlInputElement>() else {
                return;
            };
            let text = field.value();
            let is_sent = socket
                .borrow()
                .as_ref()
                .is_some_and(|open| open.send(&text));
            if is_sent {
                dispatch.dispatch(Step::Said(text));
            }
        })
    };
    let is_open = talk.phase == Phase::Open;
    let label = match talk.phase {
        Phase::Open | Phase::Opening => "Close",
        Phase::Closed | Phase::Failed => "Upgrade /message",
    };
    let content = html! {
        <>
            { quiet("One request is upgraded. Then both sides send messages of a few bytes, with nothing to ask first.") }
            { status("said", said(&talk)) }
            if talk.phase == Phase::Failed {
                { remedy("If no server runs, start one:", server.command()) }
            }
            { quiet(cost(&talk)) }
            { line_form(("echo-text", "Message to be echoed", "ahoy"), input, is_open, say) }
            if let Some(opening) = &talk.opening {
                { opening_view(opening) }
            }
        </>
    };
    panel(
        "over-websocket",
        "WebSocket",
        button(label, toggle),
        content,
    )
}

fn open(server: &Server, dispatch: UseReducerDispatcher<Talk>) -> Option<PlainSocket> {
    let name = random_name();
    let url = server.message_socket(&format!("?watch={name}"));
    let server = server.clone();
    PlainSocket::open(&url, move |event| match event {
        SocketEvent::Opened => {
            dispatch.dispatch(Step::Opened);
            let (server, name, dispatch) = (server.clone(), name.clone(), dispatch.clone());
            spawn_local(async move {
                // What cannot be shown is left out; the connection is open all the same.
                if let Ok(text) = server.text(&format!("/openings/{name}")).await
                    && let Some(opening) = Opening::read(&text)
                {
                    dispatch.dispatch(Step::Shown(opening));
                }
            });
        }
        SocketEvent::Text(text) => dispatch.dispatch(Step::Heard(text)),
        SocketEvent::Closed { .. } => dispatch.dispatch(Step::Ended),
        SocketEvent::Binary(_) => {}
    })
}

/// Bytes of a text message with its framing, from a client and from a server (RFC 6455 section 5.2): a client's carries a mask.
fn framed(text: &str) -> (u64, u64) {
    let length = text.len() as u64;
    let header = if length < 126 { 2 } else { 4 };
    (length + header + 4, length + header)
}

fn said(talk: &Talk) -> String {
    match talk.phase {
        Phase::Opening => "Opening.".into(),
        Phase::Failed => {
            "It did not open. A page is not told why: the server may refuse, as ordered above."
                .into()
        }
        Phase::Closed if talk.opening.is_none() => "Not opened yet.".into(),
        Phase::Closed => "Closed.".into(),
        Phase::Open if talk.received == 0 => "Open. Say something.".into(),
        Phase::Open => format!(
            "“{}”{}",
            talk.last,
            talk.round_trip.map_or_else(
                || ", pushed".to_owned(),
                |took| format!(" after {}", millis(took))
            )
        ),
    }
}

fn cost(talk: &Talk) -> String {
    match talk.cost {
        None => "After the upgrade each message costs its own bytes and 2 to 14 more.".into(),
        Some((up, down)) => format!(
            "{} sent, {} received over one connection. The last echo cost {} there and {} back.",
            grouped(talk.sent),
            counted(talk.received, "message", "messages"),
            bytes(up),
            bytes(down)
        ),
    }
}
