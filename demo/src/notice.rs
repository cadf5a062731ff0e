//! What to do where the server does not answer.

use yew::prelude::*;

use crate::parts::remedy;
use crate::server::Server;

/// `trouble` says why the server cannot be reached; nothing is shown where it can. The region is there all the same: what comes
/// together with its region is not read out.
pub(crate) fn notice(server: &Server, trouble: Option<&str>) -> Html {
    html! {
        <div role="status">
            if let Some(cause) = trouble {
                <div class="notice">
                    <p>{ format!("{} cannot be reached: {cause}.", server.origin()) }</p>
                    { remedy("If no server runs there, start one: this page connects by itself. After a refusal, load it again.", server.command()) }
                </div>
            }
        </div>
    }
}
