//! HTTP and WebSocket: two protocols, one address.

mod opening;
mod over_http;
mod over_websocket;

use yew::prelude::*;

use self::over_http::OverHttp;
use self::over_websocket::OverWebSocket;
use crate::section::Section;
use crate::server::Server;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) server: Server,
}

#[component]
pub(crate) fn Protocols(props: &Props) -> Html {
    html! {
        <Section id="protocols" title="HTTP and WebSocket: separate, and compatible">
            <p>
                { "They are two protocols. Yet a WebSocket begins as an HTTP request: the marked headers ask for another \
                   protocol, and the answer 101 agrees. From then on the same connection speaks WebSocket. Both panels use \
                   the same address, " }<code>{ "/message" }</code>{ "; what the server read and wrote is shown below." }
            </p>
            <div class="columns">
                <OverHttp server={props.server.clone()} />
                <OverWebSocket server={props.server.clone()} />
            </div>
        </Section>
    }
}
