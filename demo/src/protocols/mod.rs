//! HTTP and WebSocket: two protocols, one address.

mod opening;
mod over_http;
mod over_websocket;

use yew::prelude::*;

use self::over_http::use_http;
use self::over_websocket::use_websocket;
use crate::section::section;
use crate::server::Server;

#[hook]
pub(crate) fn use_protocols(server: &Server) -> Html {
    let (http, websocket) = (use_http(server), use_websocket(server));
    let content = html! {
        <>
            <p>
                { "They are two protocols. Yet a WebSocket begins as an HTTP request: the marked headers ask for another \
                   protocol, and the answer 101 agrees. From then on the same connection speaks WebSocket. Both panels use \
                   the same address, " }<code>{ "/message" }</code>{ "; what the server read and wrote is shown below." }
            </p>
            <div class="columns">
                { http }
                { websocket }
            </div>
        </>
    };
    section(
        "protocols",
        "HTTP and WebSocket: separate, and compatible",
        content,
    )
}
