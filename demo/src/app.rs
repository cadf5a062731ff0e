//! The tour.

use yew::prelude::*;

use crate::connections::{connections, use_live_list};
use crate::conversation::Conversation;
use crate::document::{document, lines};
use crate::eras::Eras;
use crate::notice::notice;
use crate::principle::use_principle;
use crate::protocols::use_protocols;
use crate::server::Server;

/// The sections, by their place in the page and their name in the contents.
const CONTENTS: [(&str, &str); 6] = [
    ("eras", "Four eras"),
    ("conversation", "Any carrier"),
    ("protocols", "Two protocols"),
    ("principle", "The principle"),
    ("connections", "Who is here"),
    ("document", "The document"),
];

#[component]
pub(crate) fn App() -> Html {
    let server = use_memo((), |()| Server::of_page());
    let server = (*server).clone();
    let live = use_live_list(&server);
    // Drawn with the page: they change when somebody presses something, and a component is some kilobytes.
    let (protocols, principle) = (use_protocols(&server), use_principle());
    html! {
        <>
            <header class="masthead">
                <h1>{ "tidewire" }</h1>
                <p>{ "The history of server push, alive. Every figure on this page is measured from its own traffic." }</p>
                <p class="marks">{ "A mark such as " }{ lines(&["S4"]) }{ " leads to the line of the document that is shown beside it." }</p>
                <nav aria-label="Sections">
                    <ul>
                        { for CONTENTS.iter().map(|(id, name)| html! { <li><a href={format!("#{id}")}>{ *name }</a></li> }) }
                    </ul>
                </nav>
            </header>
            <main>
                { notice(&server, live.trouble.as_deref()) }
                <Eras server={server.clone()} />
                <Conversation server={server.clone()} />
                { protocols }
                { principle }
                { connections(live.list.as_deref(), &server) }
                { document() }
            </main>
        </>
    }
}
