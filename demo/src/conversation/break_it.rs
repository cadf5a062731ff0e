//! Buttons that make the server misbehave.

use yew::prelude::*;

use super::faults::{Known, Lasting, Order};
use crate::parts::{button, group, panel, piece, quiet, remedy, status, switch};
use crate::words::grouped;

pub(crate) struct Props {
    pub(crate) known: Known,
    pub(crate) give: Callback<Order>,
    /// Starts a server that takes orders.
    pub(crate) command: &'static str,
    /// What became of the last order.
    pub(crate) said: String,
}

/// What happens at once: order, name, explanation.
const AT_ONCE: [(&str, &str, &str); 5] = [
    ("cut", "Cut", "Resets their connections."),
    (
        "half-open",
        "Half-open",
        "Freezes their connections and tells nobody. Found within 20 s.",
    ),
    (
        "offline",
        "Go offline for 8 s",
        "Lets nothing through; the page is told as by a lost network.",
    ),
    (
        "forget",
        "Forget sessions",
        "Loses all sessions, and cuts as well.",
    ),
    (
        "restart",
        "Restart the server",
        "The process starts again, abruptly, and remembers nobody.",
    ),
];

static UPGRADES: [Lasting; 3] = [
    Lasting {
        fault: "refuse-upgrades",
        settings: r#"{"status":503}"#,
        name: "Refuse WebSockets",
        what: "Answers handshakes with 503.",
    },
    Lasting {
        fault: "black-hole-upgrades",
        settings: "{}",
        name: "Black-hole WebSockets",
        what: "Never answers handshakes.",
    },
    Lasting {
        fault: "silent-upgrades",
        settings: "{}",
        name: "Open, say nothing",
        what: "Accepts handshakes, then is mute.",
    },
];

static TRAFFIC: [Lasting; 6] = [
    Lasting {
        fault: "cut-interval",
        settings: r#"{"millis":3000}"#,
        name: "Cut every 3 s",
        what: "Resets their connections, again and again.",
    },
    Lasting {
        fault: "cut-messages",
        settings: r#"{"every":10}"#,
        name: "Cut every 10 messages",
        what: "Resets the connection that brought the tenth.",
    },
    Lasting {
        fault: "delay",
        settings: r#"{"millis":500}"#,
        name: "Delay 0.5 s",
        what: "Reads what arrives half a second later.",
    },
    Lasting {
        fault: "drop-responses",
        settings: r#"{"every":3}"#,
        name: "Drop every 3rd answer",
        what: "Handles the request and loses its answer. HTTP only.",
    },
    Lasting {
        fault: "duplicate-requests",
        settings: r#"{"every":2}"#,
        name: "Repeat every 2nd request",
        what: "Handles a request twice. HTTP only.",
    },
    Lasting {
        fault: "buffer-polls",
        settings: r#"{"millis":5000}"#,
        name: "Buffer polls 5 s",
        what: "Keeps held answers back, as a proxy does. Long polling only.",
    },
];

pub(crate) fn break_it(props: &Props) -> Html {
    let action = match props.known {
        Known::Lines(_) => button("Stop all faults", props.give.reform(|_| Order::ClearAll)),
        Known::Forbidden | Known::Nothing | Known::Unreachable => Html::default(),
    };
    let choice = match &props.known {
        Known::Nothing => quiet("Once the server answers, it can be told to misbehave."),
        Known::Forbidden => remedy(
            "This server was started without --faults, so it takes no orders to misbehave. This starts one that does:",
            props.command,
        ),
        Known::Unreachable => remedy(
            "The server does not answer. If it does not run, start it:",
            props.command,
        ),
        Known::Lines(_) => buttons(props),
    };
    let content = html! {
        <>
            { status("quiet said", props.said.clone()) }
            { choice }
        </>
    };
    panel("break-it", "Break it", action, content)
}

fn buttons(props: &Props) -> Html {
    html! {
        <>
            <p>{ "Hits the session, the bare WebSocket and the two protocols below, in every tab. The eras and the live list go on, but for a restart." }</p>
            { group("At once") }
            <ul class="faults">
                { for AT_ONCE.iter().map(|(order, name, what)| {
                    let onclick = props.give.reform(|_| Order::Now(order));
                    html! {
                        <li>
                            { button(*name, onclick) }
                            { piece("what", *what) }
                        </li>
                    }
                }) }
            </ul>
            { group("New WebSockets, until you stop it. Cut the present one to see it.") }
            <ul class="faults">{ for UPGRADES.iter().map(|lasting| toggle(props, lasting)) }</ul>
            { group("All traffic, until you stop it") }
            <ul class="faults">{ for TRAFFIC.iter().map(|lasting| toggle(props, lasting)) }</ul>
            { quiet("×: how often it has happened since the server started.") }
        </>
    }
}

fn toggle(props: &Props, lasting: &'static Lasting) -> Html {
    let line = props.known.line(lasting.fault);
    let is_active = line.is_some_and(|line| line.is_active);
    let hits = line.map_or(0, |line| line.hits);
    let onclick = props.give.reform(move |_| {
        if is_active {
            Order::Clear(lasting)
        } else {
            Order::Set(lasting)
        }
    });
    html! {
        <li>
            { switch(lasting.name, is_active, onclick) }
            { piece("what", lasting.what) }
            { piece("figure", format!("{}×", grouped(hits))) }
        </li>
    }
}
