//! The counters that stay at zero, and those beside them that do not.

use std::rc::Rc;

use yew::prelude::*;

use super::bare::BareView;
use super::ledger::Counts;
use super::server_side::Received;
use crate::parts::{columns, panel, piece, quiet_two_lines};
use crate::words::{counted, grouped};

pub(crate) struct Props {
    /// Of the echoes, as this page sees them.
    pub(crate) counts: Counts,
    /// Of the messages, as the server sees them.
    pub(crate) at_server: Rc<Received>,
    /// Missing at the server, and not reported by the client.
    pub(crate) lost_at_server: u64,
    pub(crate) bare: BareView,
    pub(crate) bare_at_server: Rc<Received>,
}

pub(crate) fn verification(props: &Props) -> Html {
    let Props {
        counts,
        at_server,
        lost_at_server,
        bare,
        bare_at_server,
    } = props;
    let content = html! {
        <>
            <table class="verification">
                { columns(&["", "lost", "duplicated", "reordered", "in order"]) }
                <tbody data-client="tidewire">
                    { of("tidewire", at_server) }
                    { line("at the server", [*lost_at_server, at_server.duplicated, at_server.reordered], at_server.in_order) }
                    { line("back here", [counts.lost, counts.duplicated, counts.reordered], counts.in_order) }
                </tbody>
                <tbody data-client="bare">
                    { of("bare WebSocket", bare_at_server) }
                    { line("at the server", [bare_at_server.missing_count, bare_at_server.duplicated, bare_at_server.reordered], bare_at_server.in_order) }
                    { line("back here", [bare.counts.lost, bare.counts.duplicated, bare.counts.reordered], bare.counts.in_order) }
                </tbody>
            </table>
            { quiet_two_lines(remarks(counts, bare)) }
        </>
    };
    panel(
        "verification",
        "Exactly once, in order?",
        Html::default(),
        content,
    )
}

/// Whose rows follow; a server that was started since knows nothing of what came before.
fn of(client: &'static str, at_server: &Received) -> Html {
    let began = match at_server.first {
        0 | 1 => String::new(),
        first => format!("the server's count begins at message {}", grouped(first)),
    };
    html! { <tr class="of"><th scope="rowgroup" colspan="5">{ client }{ piece("quiet", began) }</th></tr> }
}

fn line(name: &str, zeros: [u64; 3], in_order: u64) -> Html {
    html! {
        <tr>
            <th scope="row">{ name }</th>
            { for zeros.map(|count| html! {
                <td class={if count == 0 { "zero" } else { "bad" }}>{ grouped(count) }</td>
            }) }
            <td>{ grouped(in_order) }</td>
        </tr>
    }
}

fn remarks(counts: &Counts, bare: &BareView) -> String {
    let now = if bare.is_open { "open" } else { "not open" };
    let mut text = format!(
        "{} to come, {} by the bare WebSocket, which is {now}; it opened {}.",
        grouped(counts.outstanding as u64),
        grouped(bare.counts.outstanding as u64),
        counted(bare.opened, "time", "times")
    );
    if counts.reported > 0 {
        text += &format!(
            " {} without an echo when a session was lost, as the client reported.",
            grouped(counts.reported)
        );
    }
    text
}
