//! What to do where the server does not answer.

use yew::prelude::*;

use crate::parts::remedy;
use crate::server::Server;

/// `trouble` says why the server cannot be reached; nothing is shown where it can.
pub(crate) fn notice(server: &Server, trouble: Option<&str>) -> Html {
    let Some(cause) = trouble else {
        return html! {};
    };
    html! {
        <div class="notice" role="status">
            <p>{ format!("{} cannot be reached: {cause}.", server.origin()) }</p>
            { remedy("If no server runs there, start one: this page connects by itself. After a refusal, load it again.", server.command()) }
        </div>
    }
}
