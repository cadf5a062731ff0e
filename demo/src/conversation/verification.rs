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
                    { of("tidewire", reported(counts.reported)) }
                    { line("at the server", [*lost_at_server, at_server.duplicated, at_server.reordered], at_server.in_order) }
                    { line("back here", [counts.lost, counts.duplicated, counts.reordered], counts.in_order) }
                </tbody>
                <tbody data-client="bare">
                    { of("bare WebSocket", String::new()) }
                    { line("at the server", [bare_at_server.missing_count, bare_at_server.duplicated, bare_at_server.reordered], bare_at_server.in_order) }
                    { line("back here", [bare.counts.lost, bare.counts.duplicated, bare.counts.reordered], bare.counts.in_order) }
                </tbody>
            </table>
            { quiet_two_lines(without_an_echo(counts, bare)) }
            { quiet_two_lines(as_of(at_server, bare_at_server)) }
        </>
    };
    panel(
        "verification",
        "Exactly once, in order?",
        Html::default(),
        content,
    )
}

/// Whose rows follow, with what is to be said of them.
fn of(client: &'static str, remark: String) -> Html {
    html! { <tr class="of"><th scope="rowgroup" colspan="5">{ client }{ piece("quiet", remark) }</th></tr> }
}

/// What a client that loses nothing silently has told instead.
fn reported(count: u64) -> String {
    match count {
        0 => String::new(),
        _ => format!("reported {} as unconfirmed", grouped(count)),
    }
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

fn without_an_echo(counts: &Counts, bare: &BareView) -> String {
    let state = if bare.is_open {
        "takes itself for open"
    } else {
        "is not open"
    };
    format!(
        "Without an echo so far: {} by tidewire, {} by the bare WebSocket, which {state} and was opened {}.",
        grouped(counts.outstanding as u64),
        grouped(bare.counts.outstanding as u64),
        counted(bare.opened, "time", "times")
    )
}

/// How far the server's rows are to be believed: it knows nothing of what came before it was started.
fn as_of(at_server: &Received, bare_at_server: &Received) -> String {
    let mut text = "While echoes come, the server is asked once a second.".to_owned();
    let from = [
        ("tidewire", at_server.first),
        ("the bare WebSocket", bare_at_server.first),
    ];
    let from = from.iter().filter(|(_, first)| *first > 1);
    let from: Vec<_> = from
        .map(|(client, first)| format!("{client} from message {}", grouped(*first)))
        .collect();
    if !from.is_empty() {
        text += &format!(
            " It counts {} on, since it was started again.",
            from.join(", and ")
        );
    }
    text
}
