//! The client's counters.

use tidewire::{Stats, Transport, TransportStats};
use yew::prelude::*;

use crate::words::{self, grouped};

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) stats: Stats,
}

type Figure = fn(&TransportStats) -> String;

/// The rows of the table.
const LINES: [(&str, Figure); 8] = [
    ("Connections", |stats| grouped(stats.connections)),
    ("Handshakes, requests", |stats| grouped(stats.requests)),
    ("Packets sent", |stats| grouped(stats.packets_sent)),
    ("Packets received", |stats| grouped(stats.packets_received)),
    ("Sent", |stats| words::bytes(stats.bytes_sent)),
    ("Received", |stats| words::bytes(stats.bytes_received)),
    ("Failures", |stats| grouped(stats.failures)),
    ("Round trip", |stats| words::span(stats.round_trip)),
];

#[component]
pub(crate) fn Statistics(props: &Props) -> Html {
    let stats = &props.stats;
    html! {
        <section aria-labelledby="statistics">
            <h2 id="statistics">{ "Statistics" }</h2>
            <table>
                <caption class="unseen">{ "Counters by transport" }</caption>
                <thead>
                    <tr>
                        <td></td>
                        { for Transport::ALL.map(|transport| html! { <th scope="col">{ words::transport(transport) }</th> }) }
                    </tr>
                </thead>
                <tbody>
                    { for LINES.iter().map(|(name, figure)| html! {
                        <tr>
                            <th scope="row">{ *name }</th>
                            { for Transport::ALL.map(|transport| html! { <td>{ figure(stats.of(transport)) }</td> }) }
                        </tr>
                    }) }
                </tbody>
            </table>
            <dl class="pairs">
                { pair("Messages sent", grouped(stats.messages_sent)) }
                { pair("Messages acknowledged", grouped(stats.messages_acknowledged)) }
                { pair("Messages received", grouped(stats.messages_received)) }
                { pair("Reconnects", grouped(stats.reconnects)) }
                { pair("Sessions lost", grouped(stats.sessions_lost)) }
                { pair("Duplicates dropped", grouped(stats.duplicates_dropped)) }
                { pair("Messages in the outbox", grouped(stats.outbox_messages as u64)) }
                { pair("Bytes in the outbox", words::bytes(stats.outbox_bytes as u64)) }
            </dl>
            <p class="quiet">{ "Bytes are those of packets, without the headers and the framing below them." }</p>
        </section>
    }
}

fn pair(name: &str, figure: String) -> Html {
    html! { <div><dt>{ name }</dt><dd>{ figure }</dd></div> }
}
