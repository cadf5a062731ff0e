//! A component that shows what a client does, and why.

mod log;
mod report;
mod view;
mod words;

use std::fmt;
use std::mem;
use std::time::Duration;

use tidewire_proto::{Cause, Transport};
use yew::prelude::*;

pub use self::log::{InspectorLog, use_inspector_log};
use self::report::Report;
use crate::env::timer::Timer;
use crate::env::{clipboard, clock, property};
use crate::hook::UseTidewire;

/// How often an open inspector is drawn anew.
const REFRESH: Duration = Duration::from_millis(500);

const STYLE: &str = include_str!("style.css");

/// What an [`Inspector`] needs.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct InspectorProps {
    /// The client to look at.
    pub live: UseTidewire,
    /// What happened to it: the log that takes what it tells.
    pub log: InspectorLog,
    /// What the inspector is called, where a page has several. Default: "Connection inspector".
    #[prop_or(AttrValue::Static("Connection inspector"))]
    pub title: AttrValue,
}

/// Shows a client from inside, for its developers and for reports of trouble: state, transport switches with their
/// reasons, the latest events, counters by transport; and copies all of it as text.
///
/// It is folded until it is opened. Folded it does nothing; open it draws itself anew twice a second. What messages
/// hold is shown nowhere, only their number and size; what the server or a provider gives as a reason is.
///
/// It brings its style, in the page's font and in the system's colours for the `color-scheme` that it inherits. These
/// custom properties change them: `--tidewire-inspector-ink`, `-paper`, `-quiet`, `-line` and `-scheme`. A content
/// security policy that forbids inline styles leaves it plain, and of use.
///
/// ```no_run
/// use tidewire::{Incoming, Inspector, use_inspector_log, use_tidewire};
/// use yew::prelude::*;
///
/// #[component]
/// fn Chat() -> Html {
///     let log = use_inspector_log();
///     let live = {
///         let log = log.clone();
///         use_tidewire("/live", |builder| builder, move |incoming| {
///             log.take(&incoming);
///             if let Incoming::Message(message) = incoming {
///                 // The application's part.
/// #               drop(message);
///             }
///         })
///     };
///     html! { <Inspector {live} {log} /> }
/// }
/// ```
pub struct Inspector {
    /// Draws it anew; there is one while it is open.
    timer: Option<Timer>,
    copy: Copy,
    field: NodeRef,
}

impl Inspector {
    /// The words in which it tells a cause: what goes on after "Closed:" or "Not connected:", without a full stop.
    ///
    /// Texts of the server or of a provider within are on one line, and cut after 200 characters.
    pub fn cause(cause: &Cause) -> String {
        words::cause(cause)
    }

    /// The name by which it calls a transport, as a heading: "Long polling".
    pub const fn transport(transport: Transport) -> &'static str {
        words::transport(transport)
    }

    /// The same within a sentence: "long polling".
    pub const fn transport_inline(transport: Transport) -> &'static str {
        words::inline(transport)
    }
}

/// What became of the wish to copy.
enum Copy {
    Done,
    Idle,
    /// The user has to do it.
    Refused {
        text: AttrValue,
        is_selected: bool,
    },
}

/// What happens to an inspector.
#[derive(Debug)]
pub enum Message {
    /// The text is on the clipboard.
    Copied,
    /// The user wants the text.
    Copy,
    /// It is time to draw.
    Refresh,
    /// This text did not get onto the clipboard.
    Refused(AttrValue),
    /// The user opened or folded it.
    Toggled {
        /// It is open now.
        is_open: bool,
    },
}

impl Component for Inspector {
    type Message = Message;
    type Properties = InspectorProps;

    fn create(_: &Context<Self>) -> Self {
        Self {
            timer: None,
            copy: Copy::Idle,
            field: NodeRef::default(),
        }
    }

    fn update(&mut self, context: &Context<Self>, message: Message) -> bool {
        match message {
            Message::Copied => self.copy = Copy::Done,
            Message::Copy => {
                // Emptied first, or a screen reader would not say the same thing twice.
                self.copy = Copy::Idle;
                copy(context);
            }
            Message::Refresh => self.timer = Some(refresh_later(context)),
            Message::Refused(text) => {
                self.copy = Copy::Refused {
                    text,
                    is_selected: false,
                };
            }
            Message::Toggled { is_open } => {
                self.timer = is_open.then(|| refresh_later(context));
                self.copy = Copy::Idle;
            }
        }
        true
    }

    fn view(&self, context: &Context<Self>) -> Html {
        let (link, props) = (context.link(), context.props());
        html! {
            <details class="tidewire-inspector" ontoggle={link.callback(|event| toggled(&event))}>
                <summary>{ &props.title }</summary>
                <style>{ STYLE }</style>
                if self.timer.is_some() {
                    <div>
                        <button type="button" onclick={link.callback(|_| Message::Copy)}>
                            { "Copy as text" }
                        </button>
                        <span role="status">{ self.copy.words() }</span>
                    </div>
                    if let Copy::Refused { text, .. } = &self.copy {
                        <textarea
                            ref={&self.field}
                            readonly=true
                            rows="8"
                            aria-label="The report as text"
                            value={text}
                        />
                    }
                    { view::report(&Report::read(&props.live, &props.log)) }
                }
            </details>
        }
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        if let Copy::Refused { is_selected, .. } = &mut self.copy
            && let Some(field) = self.field.get()
            && !mem::replace(is_selected, true)
        {
            clipboard::select(&field);
        }
    }
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspector")
            .field("is_open", &self.timer.is_some())
            .finish_non_exhaustive()
    }
}

impl Copy {
    const fn words(&self) -> &'static str {
        match self {
            Self::Done => "Copied.",
            Self::Idle => "",
            Self::Refused { .. } => {
                "The browser does not let this page copy: the text is selected below."
            }
        }
    }
}

fn toggled(event: &Event) -> Message {
    let open = event
        .target()
        .and_then(|details| property(&details, "open"));
    Message::Toggled {
        is_open: open.is_some_and(|open| open.is_truthy()),
    }
}

fn copy(context: &Context<Inspector>) {
    let InspectorProps { live, log, title } = context.props();
    let text = Report::read(live, log).text(title);
    let link = context.link().clone();
    clipboard::write(text, move |refused| {
        link.send_message(match refused {
            Ok(()) => Message::Copied,
            Err(text) => Message::Refused(text.into()),
        });
    });
}

/// A timer for one time: dropped when it has fired, or with the inspector.
fn refresh_later(context: &Context<Inspector>) -> Timer {
    let link = context.link().clone();
    let mut timer = Timer::new(move || link.send_message(Message::Refresh));
    timer.set(Some(clock::now() + REFRESH));
    timer
}
