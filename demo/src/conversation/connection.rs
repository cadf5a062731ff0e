//! Where the client stands.

use std::time::Duration;

use tidewire::Transport;
use yew::prelude::*;

use super::ladder::ladder;
use super::memory::{Tally, Trouble};
use crate::notice::notice;
use crate::parts::{button, figure, lamp, panel, quiet, status};
use crate::server::Server;
use crate::words::{counted, grouped};

pub(crate) struct Props {
    pub(crate) carrier: Option<Transport>,
    pub(crate) round_trips: [Duration; 3],
    pub(crate) state: String,
    pub(crate) is_closed: bool,
    pub(crate) verdict: String,
    pub(crate) tally: Tally,
    pub(crate) trouble: Option<Trouble>,
    /// Why no client could be made at all.
    pub(crate) fault: Option<String>,
    pub(crate) server: Server,
    pub(crate) close: Callback<()>,
    pub(crate) reopen: Callback<()>,
}

pub(crate) fn connection(props: &Props) -> Html {
    let tally = props.tally;
    let is_open = props.carrier.is_some();
    // Read out once per change between the two, not once per attempt.
    let spoken = if is_open {
        "Connected"
    } else {
        "Not connected"
    };
    let action = if props.is_closed {
        let reopen = props.reopen.reform(|_| ());
        button("Connect again", reopen)
    } else {
        let close = props.close.reform(|_| ());
        button("Close", close)
    };
    let content = html! {
        <>
            <p class={classes!("state", if is_open { "good" } else { "wait" })}>
                { lamp() }
                { &props.state }
            </p>
            { status("unseen", spoken) }
            { ladder(props.carrier, props.round_trips) }
            { quiet("Better rungs are tried in the background, soon at first and then less often, up to 5 minutes apart.") }
            <p>{ &props.verdict }</p>
            <dl class="tiles three" aria-label="Attaches and losses, as the server said">
                { figure(None, "sessions begun", grouped(tally.fresh)) }
                { figure(None, "times resumed", grouped(tally.resumed)) }
                { figure(None, "sessions lost", grouped(tally.lost)) }
            </dl>
            { loss(tally) }
            { trouble(props) }
        </>
    };
    panel("connection", "Connection", action, content)
}

fn loss(tally: Tally) -> Html {
    if tally.lost == 0 {
        return html! {};
    }
    let sessions = counted(tally.lost, "session was lost", "sessions were lost");
    let fate = match tally.unconfirmed {
        0 => "no message was unconfirmed".into(),
        1 => "1 message was unconfirmed: it may or may not have arrived".into(),
        many => format!(
            "{} messages were unconfirmed: they may or may not have arrived",
            grouped(many)
        ),
    };
    quiet(format!("{sessions}; {fate}."))
}

fn trouble(props: &Props) -> Html {
    if let Some(fault) = &props.fault {
        return html! { <p class="notice" role="alert">{ fault }</p> };
    }
    let trouble = props
        .trouble
        .as_ref()
        .filter(|trouble| trouble.failures.are_lasting());
    notice(&props.server, trouble.map(|trouble| trouble.cause.as_str()))
}
