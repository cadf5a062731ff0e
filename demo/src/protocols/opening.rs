//! A request and its answer, as the server read and wrote them: a page sees neither.

use yew::prelude::*;

use crate::json::Json;
use crate::parts::head_view;
use crate::words::bytes;

/// Headers that make an upgrade of a request.
const TELLING: [&str; 5] = [
    "connection",
    "sec-websocket-accept",
    "sec-websocket-key",
    "sec-websocket-version",
    "upgrade",
];

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Opening {
    pub(crate) request: Head,
    pub(crate) response: Head,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    /// The first line.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: u64,
}

impl Opening {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let json = Json::parse(text)?;
        Some(Self {
            request: Head::read(&json.get("request"))?,
            response: Head::read(&json.get("response"))?,
        })
    }
}

impl Head {
    fn read(json: &Json) -> Option<Self> {
        let header = |pair: &Json| {
            let [name, value] = pair.list(Json::text)?.try_into().ok()?;
            Some((name, value))
        };
        Some(Self {
            line: json.get("line").text()?,
            headers: json.get("headers").list(header)?,
            bytes: json.get("bytes").count()?,
        })
    }
}

pub(crate) fn opening_view(opening: &Opening) -> Html {
    html! {
        <>
            { head("Request", &opening.request) }
            { head("Answer", &opening.response) }
        </>
    }
}

fn head(name: &'static str, head: &Head) -> Html {
    let lines = html! {
        <>
            <b>{ &head.line }</b>{ "\n" }
            { for head.headers.iter().map(|(name, value)| {
                let is_telling = TELLING.contains(&name.to_ascii_lowercase().as_str())
                    && !value.eq_ignore_ascii_case("keep-alive");
                let line = format!("{name}: {value}\n");
                if is_telling { html! { <mark>{ line }</mark> } } else { html! { { line } } }
            }) }
        </>
    };
    head_view(name, bytes(head.bytes), name, lines)
}
