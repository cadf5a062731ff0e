//! Who is connected now, pushed by the server whenever it changes.

mod live_list;

use js_sys::Date;
use tidewire::{Inspector, Transport};
use yew::prelude::*;

pub(crate) use self::live_list::use_live_list;

use self::live_list::{Connection, List};
use crate::parts::columns;
use crate::section::section;
use crate::server::Server;
use crate::words::{counted, grouped, time_of_day};

/// Rows that are shown; the rest is counted.
const MAX_ROWS: usize = 40;

pub(crate) fn connections(list: Option<&List>, server: &Server) -> Html {
    let content = html! {
        <>
            <p>
                { "The server keeps every connection in a list and takes it off the moment its client leaves; one that was cut \
                   off is away until it comes back, or for two minutes. The list is pushed at each change, and this page \
                   alone stands in it several times. Open another tab, and close it, to see it grow and shrink." }
            </p>
            <div class="toolbar">
                <a class="button" href="" target="_blank" rel="noopener">{ "Open another tab" }</a>
                <a class="button" href={server.page_of_connections()} target="_blank" rel="noopener">{ "The server's own page" }</a>
                <p class="count" data-figure="connected">{ count(list) }</p>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label="List of connections">
                <table class="connections">
                    { columns(&["Endpoint", "Carried by", "Since", "Messages"]) }
                    <tbody>{ rows(list) }</tbody>
                </table>
            </div>
        </>
    };
    section("connections", "Who is connected", content)
}

fn count(list: Option<&List>) -> String {
    let Some(list) = list else {
        return "Not known yet".into();
    };
    let connected = counted(list.connections.len() as u64, "connected", "connected");
    if list.away.is_empty() {
        connected
    } else {
        format!("{connected}, {} away", grouped(list.away.len() as u64))
    }
}

fn rows(list: Option<&List>) -> Html {
    let Some(list) = list else {
        return html! { <tr><td colspan="4" class="quiet">{ "No server has told yet." }</td></tr> };
    };
    let all = list.connections.len() + list.away.len();
    html! {
        <>
            { for list.connections.iter().chain(&list.away).take(MAX_ROWS).map(row) }
            if all > MAX_ROWS {
                <tr><td colspan="4" class="quiet">{ format!("and {} more", grouped((all - MAX_ROWS) as u64)) }</td></tr>
            }
        </>
    }
}

fn row(connection: &Connection) -> Html {
    let Connection {
        endpoint,
        id,
        transport,
        since,
        messages,
    } = connection;
    let key = format!("{endpoint}-{id}");
    html! {
        <tr {key} class={transport.is_none().then_some("away")}>
            <td><code>{ path(endpoint) }</code></td>
            <td>{ carrier(transport.as_deref()) }</td>
            <td>{ time_of_day(&Date::new(&(*since).into())) }</td>
            <td>{ grouped(*messages) }</td>
        </tr>
    }
}

/// What carries the connection, in words.
fn carrier(transport: Option<&str>) -> &str {
    let named = |name: &&Transport| Some(name.name()) == transport;
    match (Transport::ALL.iter().find(named), transport) {
        (Some(known), _) => Inspector::transport(*known),
        (None, Some(other)) => other,
        (None, None) => "nothing: away",
    }
}

/// The path at the server.
fn path(endpoint: &str) -> String {
    match endpoint {
        "connections" => "/connections/live".into(),
        other => format!("/{other}"),
    }
}
