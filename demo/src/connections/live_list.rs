//! The list of connections as the server pushes it, and whether the server can be reached at all.

use std::rc::Rc;

use tidewire::{Event, Incoming, Inspector, use_tidewire};
use yew::prelude::*;

use crate::json::Json;
use crate::notice::Failures;
use crate::server::Server;

/// One connected client.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Connection {
    pub(crate) endpoint: String,
    pub(crate) id: u64,
    pub(crate) transport: Option<String>,
    /// Milliseconds since 1970, by the server's clock.
    pub(crate) since: f64,
    /// Messages received from the client.
    pub(crate) messages: u64,
}

/// Everybody, as of a moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct List {
    pub(crate) connections: Vec<Connection>,
    /// Sessions whose client may still come back.
    pub(crate) away: Vec<Connection>,
}

impl List {
    fn read(text: &str) -> Option<Self> {
        let json = Json::parse(text)?;
        Some(Self {
            connections: json.get("connections").list(Connection::read)?,
            away: json.get("away").list(Connection::read)?,
        })
    }
}

impl Connection {
    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            endpoint: json.get("endpoint").text()?,
            id: json.get("id").count()?,
            transport: json.get("transport").text(),
            since: json.get("since").number()?,
            messages: json.get("messages").count()?,
        })
    }
}

/// What [`use_live_list`] knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LiveList {
    /// None before the first one came.
    pub(crate) list: Option<Rc<List>>,
    /// Why the server cannot be reached; none while it can.
    pub(crate) trouble: Option<AttrValue>,
    failures: Failures,
}

/// What happens to the list.
pub(crate) enum Change {
    Came(List),
    /// For good.
    Closed(String),
    Connected,
    Failed(String),
}

impl Reducible for LiveList {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut next = (*self).clone();
        match change {
            Change::Came(list) => next.list = Some(Rc::new(list)),
            Change::Closed(cause) => next.trouble = Some(cause.into()),
            Change::Connected => (next.failures, next.trouble) = (Failures::default(), None),
            Change::Failed(cause) => {
                next.failures.note();
                if next.failures.are_lasting() {
                    next.trouble = Some(cause.into());
                }
            }
        }
        next.into()
    }
}

/// The list of a server, over whatever transport works.
#[hook]
pub(crate) fn use_live_list(server: &Server) -> LiveList {
    let live = use_reducer_eq(LiveList::default);
    let changes = live.dispatcher();
    use_tidewire(
        &server.live_list(),
        |builder| builder,
        move |incoming| match incoming {
            Incoming::Message(message) => {
                if let Some(list) = message.as_text().and_then(List::read) {
                    changes.dispatch(Change::Came(list));
                }
            }
            Incoming::Event(Event::Closed { cause, .. }) => {
                changes.dispatch(Change::Closed(Inspector::cause(&cause)));
            }
            Incoming::Event(Event::Connected { .. }) => changes.dispatch(Change::Connected),
            Incoming::Event(Event::Hiccup { cause, .. }) => {
                changes.dispatch(Change::Failed(Inspector::cause(&cause)));
            }
            _ => {}
        },
    );
    (*live).clone()
}
