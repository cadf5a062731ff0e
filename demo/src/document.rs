//! The document that the page shows, line by line, with where each line is shown.

use yew::prelude::*;

use crate::parts::columns;

/// A line of the document.
struct Line {
    id: &'static str,
    /// What it says, in short.
    says: &'static str,
    /// Where the page shows it: the section, and in words.
    shown: &'static [(&'static str, &'static str)],
}

static DOCUMENT: [Line; 12] = [
    Line {
        id: "S1",
        says: "WebSocket is web and socket.",
        shown: &[("conversation", "one conversation over HTTP and WebSocket")],
    },
    Line {
        id: "S2",
        says: "The server sends messages to the client actively.",
        shown: &[("eras", "era 4, and Push now")],
    },
    Line {
        id: "S3",
        says: "History 1: the server can't send to the client.",
        shown: &[("eras", "era 1")],
    },
    Line {
        id: "S4",
        says: "History 2: the server sends responses only.",
        shown: &[("eras", "era 2"), ("conversation", "the second rung")],
    },
    Line {
        id: "S5",
        says: "History 3: scheduled requests imitate push.",
        shown: &[("eras", "era 3"), ("conversation", "the last rung")],
    },
    Line {
        id: "S6",
        says: "How to apply 1: use a WebSocket framework.",
        shown: &[("conversation", "the server behind it, on axum")],
    },
    Line {
        id: "S7",
        says: "How to apply 2: achieve WebSocket on TCP.",
        shown: &[("principle", "a server of bare sockets")],
    },
    Line {
        id: "S8",
        says: "HTTP and WebSocket are separate protocols.",
        shown: &[("protocols", "both beside each other")],
    },
    Line {
        id: "S9",
        says: "WebSocket is compatible with HTTP: the upgrade.",
        shown: &[("protocols", "one address for both")],
    },
    Line {
        id: "S10",
        says: "WebSocket need not disconnect after each message.",
        shown: &[("eras", "connections and bytes of each era")],
    },
    Line {
        id: "S11",
        says: "Example: a page, an echo, a list of connections.",
        shown: &[("connections", "the live list"), ("protocols", "the echo")],
    },
    Line {
        id: "S12",
        says: "Principle: implement it with a TCP socket.",
        shown: &[("principle", "handshake and frames, byte by byte")],
    },
];

/// The lines that a section shows.
pub(crate) fn shown_by(section: &str) -> Vec<&'static str> {
    let shows = |line: &&Line| line.shown.iter().any(|(shown_by, _)| *shown_by == section);
    DOCUMENT.iter().filter(shows).map(|line| line.id).collect()
}

/// Links to lines of the document.
pub(crate) fn lines(ids: &[&'static str]) -> Html {
    html! {
        <span class="lines">
            { for ids.iter().map(|id| {
                let says = DOCUMENT.iter().find(|line| line.id == *id).map(|line| line.says);
                html! { <a href={format!("#{id}")} title={says} aria-label={format!("Line {id} of the document")}>{ *id }</a> }
            }) }
        </span>
    }
}

/// The whole document as a table.
pub(crate) fn document() -> Html {
    html! {
        <section id="document" class="chapter" aria-labelledby="document-title">
            <h2 id="document-title">{ "The document, line by line" }</h2>
            <p>{ "This page retells a short introduction to WebSocket. Each of its lines is shown by something that runs." }</p>
            <table class="document" role="table">
                { columns(&["Line", "It says", "Shown by"]) }
                <tbody>
                    { for DOCUMENT.iter().map(|line| html! {
                        <tr id={line.id} role="row">
                            <th scope="row" role="rowheader">{ line.id }</th>
                            <td role="cell">{ line.says }</td>
                            <td role="cell">
                                { for line.shown.iter().enumerate().map(|(index, (section, words))| html! {
                                    <>
                                        if index > 0 { { ", " } }
                                        <a href={format!("#{section}")}>{ *words }</a>
                                    </>
                                }) }
                            </td>
                        </tr>
                    }) }
                </tbody>
            </table>
        </section>
    }
}
