//! WebSocket on a bare TCP socket: what its server saw, byte by byte.

mod anatomy;
mod frames;
mod handshake;
mod transcript;

use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::platform::spawn_local;
use yew::prelude::*;

use self::frames::frame_view;
use self::handshake::use_handshake;
use self::transcript::Transcript;
use crate::parts::{line_form, main_button, quiet_status, remedy};
use crate::section::section;
use crate::server::{get, random_name};
use crate::socket::{PlainSocket, SocketEvent, use_socket};

/// Where the program listens, as the document says; `?principle=PORT` in the page's address names another port.
const PORT: u16 = 8002;

/// What starts it.
const COMMAND: &str = "cargo run -p tidewire-server --bin tidewire-principle";

/// Frames that are shown, the newest.
const MAX_FRAMES: usize = 6;

#[derive(Clone, Debug, Default, PartialEq)]
struct Lesson {
    phase: Phase,
    /// The name under which this connection is recorded.
    name: String,
    transcript: Rc<Transcript>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Phase {
    #[default]
    NotYet,
    Opening,
    Open,
    Ended,
    Failed,
}

enum Step {
    /// With the name of the connection.
    Begun(String),
    Ended,
    Opened,
    /// What was recorded under a name.
    Seen(String, Transcript),
}

impl Reducible for Lesson {
    type Action = Step;

    fn reduce(self: Rc<Self>, step: Step) -> Rc<Self> {
        let mut next = (*self).clone();
        match step {
            Step::Begun(name) => {
                next = Self {
                    phase: Phase::Opening,
                    name,
                    ..Self::default()
                }
            }
            Step::Ended if next.phase == Phase::Opening => next.phase = Phase::Failed,
            Step::Ended => next.phase = Phase::Ended,
            Step::Opened => next.phase = Phase::Open,
            // Answers may come in any order: what was recorded earlier, or of another connection, is not shown.
            Step::Seen(name, transcript)
                if name == next.name && transcript.is_later_than(&next.transcript) =>
            {
                next.transcript = Rc::new(transcript);
            }
            Step::Seen(..) => {}
        }
        next.into()
    }
}

#[hook]
pub(crate) fn use_principle() -> Html {
    let lesson = use_reducer_eq(Lesson::default);
    let address = use_memo((), |()| address());
    let watched = use_socket();
    let input = use_node_ref();
    let toggle = {
        let (watched, lesson) = (Rc::clone(&watched), lesson.clone());
        let address = Rc::clone(&address);
        Callback::from(move |_| {
            let dispatch = lesson.dispatcher();
            if let Some(socket) = &*watched.borrow() {
                // What comes of it is told by the socket.
                return socket.close();
            }
            let name = random_name();
            dispatch.dispatch(Step::Begun(name.clone()));
            match connect(&address, &name, dispatch.clone()) {
                Some(socket) => drop(watched.replace(Some(socket))),
                None => dispatch.dispatch(Step::Ended),
            }
        })
    };
    {
        // A connection that ended is no longer there to be closed.
        let watched = Rc::clone(&watched);
        use_effect_with(lesson.phase, move |phase| {
            if matches!(phase, Phase::Ended | Phase::Failed) {
                drop(watched.take());
            }
        });
    }
    let say = {
        let (watched, input) = (Rc::clone(&watched), input.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let (Some(socket), Some(field)) =
                (&*watched.borrow(), input.cast::<HtmlInputElement>())
            {
                // The echo brings the transcript; a socket that is closed says so by itself.
                socket.send(&field.value());
            }
        })
    };
    let is_open = lesson.phase == Phase::Open;
    let label = match lesson.phase {
        Phase::Open | Phase::Opening => "Close".to_owned(),
        Phase::Ended | Phase::Failed | Phase::NotYet => format!("Connect to {address}"),
    };
    let transcript = &lesson.transcript;
    let handshake = use_handshake(transcript);
    let content = html! {
        <>
            <p>
                { "A program with the standard library's TCP alone: it binds a socket, receives the opening bytes, computes the \
                   answer, and echoes frames. It records what it sees, since a page sees neither its key nor its frames." }
            </p>
            <div class="toolbar">
                { main_button(label, toggle) }
                { line_form(("principle-text", "Message to the program", "Hello"), input, is_open, say) }
                { quiet_status(said(&lesson)) }
            </div>
            if lesson.phase == Phase::Failed {
                <div class="notice">
                    { remedy(format!("{address} does not answer. If the program does not run, start it and connect again."), COMMAND) }
                </div>
            }
            { handshake }
            if !transcript.frames.is_empty() {
                <h3>{ "Frames, newest first" }</h3>
                <ol class="frames" aria-label="Frames, newest first">
                    { for transcript.frames.iter().rev().take(MAX_FRAMES).map(frame_view) }
                </ol>
            }
        </>
    };
    section(
        "principle",
        "The principle: a socket, and nothing else",
        content,
    )
}

fn address() -> String {
    let port = web_sys::window()
        .and_then(|window| window.location().search().ok())
        .and_then(|query| {
            let mut settings = query.trim_start_matches('?').split('&');
            settings.find_map(|setting| setting.strip_prefix("principle=")?.parse().ok())
        });
    format!("127.0.0.1:{}", port.unwrap_or(PORT))
}

fn said(lesson: &Lesson) -> String {
    match lesson.phase {
        Phase::NotYet => "Not connected yet.".into(),
        Phase::Opening => "Connecting.".into(),
        Phase::Open => "Connected. Type something.".into(),
        Phase::Failed => "Not connected.".into(),
        Phase::Ended => match &lesson.transcript.ended {
            Some(how) => format!("Closed: {}.", ended(how)),
            None => "Closed.".into(),
        },
    }
}

/// The program writes a close code and a word.
fn ended(how: &str) -> String {
    let (code, word) = how.split_once(' ').unwrap_or((how, ""));
    let by = match word {
        "by-client" => "by this page",
        "by-server" => "by the program",
        "lost" => "without a word",
        "silent" => "since this page said nothing",
        "stalled" => "since this page did not read",
        other => other,
    };
    format!("{by}, with code {code}")
}

fn connect(
    address: &str,
    name: &str,
    dispatch: UseReducerDispatcher<Lesson>,
) -> Option<PlainSocket> {
    let url = format!("ws://{address}/watch/{name}");
    let (address, name) = (address.to_owned(), name.to_owned());
    PlainSocket::open(&url, move |event| {
        match event {
            SocketEvent::Opened => dispatch.dispatch(Step::Opened),
            SocketEvent::Closed { .. } => dispatch.dispatch(Step::Ended),
            SocketEvent::Binary(_) | SocketEvent::Text(_) => {}
        }
        look(&address, &name, dispatch.clone());
    })
}

/// Shows what the program has recorded by now.
fn look(address: &str, name: &str, dispatch: UseReducerDispatcher<Lesson>) {
    let url = format!("http://{address}/watch/{name}");
    let name = name.to_owned();
    spawn_local(async move {
        // A program that does not answer is told by the socket.
        if let Ok(text) = get(&url).await
            && let Some(transcript) = Transcript::read(&text)
        {
            dispatch.dispatch(Step::Seen(name, transcript));
        }
    });
}
