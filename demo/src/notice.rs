//! What to do where the server does not answer.

use yew::prelude::*;

use crate::server::Server;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) server: Server,
    /// Why the server cannot be reached; none where it can.
    pub(crate) trouble: Option<AttrValue>,
}

#[component]
pub(crate) fn Notice(props: &Props) -> Html {
    let Some(cause) = &props.trouble else {
        return html! {};
    };
    html! {
        <div class="notice" role="status">
            <p>{ format!("{} cannot be reached: {cause}.", props.server.origin()) }</p>
            <p>{ "If no server runs there, start one. This page connects by itself." }</p>
            <pre><code>{ props.server.command() }</code></pre>
        </div>
    }
}
