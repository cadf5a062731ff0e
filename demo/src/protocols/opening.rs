//! A request and its answer, as the server read and wrote them: a page sees neither.

use serde::Deserialize;
use yew::prelude::*;

use crate::words::bytes;

/// Headers that make an upgrade of a request.
const TELLING: [&str; 5] = [
    "connection",
    "sec-websocket-accept",
    "sec-websocket-key",
    "sec-websocket-version",
    "upgrade",
];

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Opening {
    pub(crate) request: Head,
    pub(crate) response: Head,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Head {
    /// The first line.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: u64,
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) opening: Opening,
}

#[component]
pub(crate) fn OpeningView(props: &Props) -> Html {
    html! {
        <>
            { head("Request", &props.opening.request) }
            { head("Answer", &props.opening.response) }
        </>
    }
}

fn head(name: &'static str, head: &Head) -> Html {
    html! {
        <figure class="head-view">
            <figcaption>{ name }<span class="quiet">{ bytes(head.bytes) }</span></figcaption>
            <pre tabindex="0" aria-label={name}><code>
                <b>{ &head.line }</b>{ "\n" }
                { for head.headers.iter().map(|(name, value)| {
                    let is_telling = TELLING.contains(&name.to_ascii_lowercase().as_str());
                    let line = format!("{name}: {value}\n");
                    if is_telling { html! { <mark>{ line }</mark> } } else { html! { { line } } }
                }) }
            </code></pre>
        </figure>
    }
}
