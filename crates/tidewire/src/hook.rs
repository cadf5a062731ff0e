//! The hook for Yew.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use tidewire_proto::{Stats, Transport, Verdict};
use yew::functional::{hook, use_effect_with, use_force_update, use_mut_ref};

use crate::Message;
use crate::builder::Builder;
use crate::client::{Client, Sender};
use crate::env::spawn::Task;
use crate::error::{ConfigError, SendError};
use crate::events::{Event, State};
use crate::messages::Delivery;
use crate::receipt::Receipt;

/// What a client that belongs to a component brings.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Incoming {
    /// Something happened to the connection or to a message.
    Event(Event),
    /// The peer sent this.
    Message(Message),
}

/// A client that lives as long as the component: opened after the first render, undone when the component
/// goes, opened anew when `url` changes.
///
/// `configure` sets what the [builder](Builder) offers; it is called each time a client is opened.
/// `on_incoming` is called with every message, in order and exactly once, and with every event; it is always
/// the closure of the latest render. A message counts as acknowledged when it returns. The component renders
/// again with each event.
///
/// Hand messages to a reducer: a state handle captured by a closure shows the state as of its render.
///
/// ```no_run
/// use tidewire::{Incoming, Message, use_tidewire};
/// use yew::prelude::*;
///
/// #[derive(Default, PartialEq)]
/// struct Log(Vec<Message>);
///
/// impl Reducible for Log {
///     type Action = Message;
///
///     fn reduce(self: std::rc::Rc<Self>, message: Message) -> std::rc::Rc<Self> {
///         let mut log = self.0.clone();
///         log.push(message);
///         Self(log).into()
///     }
/// }
///
/// #[component]
/// fn Chat() -> Html {
///     let log = use_reducer(Log::default);
///     let live = {
///         let log = log.dispatcher();
///         use_tidewire("/live", |builder| builder, move |incoming| {
///             if let Incoming::Message(message) = incoming {
///                 log.dispatch(message);
///             }
///         })
///     };
///     let ahoy = {
///         let live = live.clone();
///         move |_| drop(live.send("ahoy"))
///     };
///     html! {
///         <>
///             <p>{ format!("{:?}", live.state()) }</p>
///             <button onclick={ahoy}>{ "Ahoy" }</button>
///             { for log.0.iter().map(|message| html! { <p>{ message.as_text() }</p> }) }
///         </>
///     }
/// }
/// ```
#[hook]
pub fn use_tidewire<B, H>(url: &str, configure: B, on_incoming: H) -> UseTidewire
where
    B: FnOnce(Builder) -> Builder + 'static,
    H: Fn(Incoming) + 'static,
{
    // Boxed here, so that a page with many clients has the rest of the code once.
    use_client(url, Box::new(configure), Rc::new(on_incoming))
}

type Configure = Box<dyn FnOnce(Builder) -> Builder>;

#[hook]
fn use_client(url: &str, configure: Configure, on_incoming: Rc<dyn Fn(Incoming)>) -> UseTidewire {
    let update = use_force_update();
    let slot = use_mut_ref(Slot::default);
    let latest: Latest = use_mut_ref(|| Rc::new(|_| ()) as Rc<dyn Fn(Incoming)>);
    latest.replace(on_incoming);

    let opened = Rc::clone(&slot);
    use_effect_with(url.to_owned(), move |url| {
        let tell = move |incoming| {
            // A copy, so that the closure may render anew while it runs.
            let latest = Rc::clone(&latest.borrow());
            latest(incoming);
        };
        let builder = configure(Client::builder(url));
        let redraw = update.clone();
        *opened.borrow_mut() = match builder.connect() {
            Ok(client) => Slot::Open(Live::new(client, tell, move || redraw.force_update())),
            Err(error) => Slot::Refused(error),
        };
        update.force_update();
        move || {
            // Out of the slot first: undoing a client wakes its waiters.
            let closed = opened.replace(Slot::Empty);
            drop(closed);
        }
    });
    UseTidewire { slot }
}

type Latest = Rc<RefCell<Rc<dyn Fn(Incoming)>>>;

/// What [`use_tidewire`] gives to its component. Clones share the client; none keeps it alive beyond the
/// component.
#[derive(Clone)]
pub struct UseTidewire {
    slot: Rc<RefCell<Slot>>,
}

#[derive(Default)]
enum Slot {
    #[default]
    Empty,
    Open(Live),
    Refused(ConfigError),
}

/// A client that is told to a component.
struct Live {
    sender: Sender,
    _delivery: Delivery,
    _events: Task,
}

impl Live {
    fn new(
        client: Client,
        tell: impl Fn(Incoming) + Clone + 'static,
        redraw: impl Fn() + 'static,
    ) -> Self {
        let (sender, messages, mut events) = client.split();
        let tell_message = tell.clone();
        Self {
            sender,
            _delivery: messages.deliver_to(move |message| tell_message(Incoming::Message(message))),
            _events: Task::spawn(async move {
                while let Some(event) = events.next().await {
                    tell(Incoming::Event(event));
                    redraw();
                }
            }),
        }
    }
}

impl UseTidewire {
    /// Sends a message, as [`Sender::try_send`] does.
    ///
    /// # Errors
    ///
    /// Those of [`Sender::try_send`]; [`SendError::Closed`] also before the first render is done and after
    /// the component is gone.
    pub fn send(&self, message: impl Into<Message>) -> Result<Receipt, SendError<Message>> {
        match self.sender() {
            Some(sender) => sender.try_send(message),
            None => Err(SendError::Closed(message.into())),
        }
    }

    /// The sending part of the client, which also closes it. Who keeps it keeps the client alive.
    pub fn sender(&self) -> Option<Sender> {
        match &*self.slot.borrow() {
            Slot::Open(live) => Some(live.sender.clone()),
            Slot::Empty | Slot::Refused(_) => None,
        }
    }

    /// Why no client could be made of the URL and the settings.
    pub fn error(&self) -> Option<ConfigError> {
        match &*self.slot.borrow() {
            Slot::Refused(error) => Some(error.clone()),
            Slot::Empty | Slot::Open(_) => None,
        }
    }

    /// Where the client stands now; [`State::Connecting`] before the first render is done.
    pub fn state(&self) -> State {
        match &*self.slot.borrow() {
            Slot::Empty => State::Connecting,
            Slot::Open(live) => live.sender.state(),
            Slot::Refused(_) => State::Closed,
        }
    }

    /// The transport that carries the session, if any does now.
    pub fn transport(&self) -> Option<Transport> {
        self.state().transport()
    }

    /// What the server said at the last attach.
    pub fn verdict(&self) -> Option<Verdict> {
        self.sender()?.verdict()
    }

    /// The counters, as of now.
    pub fn stats(&self) -> Stats {
        self.sender()
            .map(|sender| sender.stats())
            .unwrap_or_default()
    }
}

impl fmt::Debug for UseTidewire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UseTidewire")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

impl PartialEq for UseTidewire {
    /// Whether both belong to the same component.
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.slot, &other.slot)
    }
}
