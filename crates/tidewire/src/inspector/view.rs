//! The report as it is seen.

use tidewire_proto::Transport;
use yew::prelude::*;

use super::log::Entry;
use super::report::{EVENTS, Figure, Report, Row, SWITCHES, TRAFFIC};
use super::words;
use crate::env::clock;

pub(super) fn report(report: &Report) -> Html {
    html! {
        <>
            { figures(&report.standing) }
            { traffic(&report.traffic) }
            { figures(&report.totals) }
            { lines(SWITCHES, "block-size: 4.5rem", &report.switches) }
            { lines(EVENTS, "block-size: 15rem", &report.entries) }
        </>
    }
}

fn figures(figures: &[Figure]) -> Html {
    html! {
        <dl>
            { for figures.iter().map(|(name, figure)| html! {
                <div><dt>{ *name }</dt><dd>{ figure }</dd></div>
            }) }
        </dl>
    }
}

/// In a box of its own, which scrolls where the page is narrow, also by keyboard.
fn traffic(rows: &[Row]) -> Html {
    html! {
        <div role="group" aria-label={TRAFFIC} tabindex="0">
            <table>
                <caption>{ TRAFFIC }</caption>
                <thead>
                    <tr>
                        <td></td>
                        { for Transport::ALL.map(|transport| html! {
                            <th scope="col">{ words::transport(transport) }</th>
                        }) }
                    </tr>
                </thead>
                <tbody>
                    { for rows.iter().map(|(name, figures)| html! {
                        <tr>
                            <th scope="row">{ *name }</th>
                            { for figures.iter().map(|figure| html! { <td>{ figure }</td> }) }
                        </tr>
                    }) }
                </tbody>
            </table>
        </div>
    }
}

/// Lines in a box of fixed height, so that nothing below it moves.
fn lines(name: &'static str, style: &'static str, entries: &[Entry]) -> Html {
    html! {
        <>
            <p>{ name }</p>
            <div role="group" aria-label={name} tabindex="0" {style}>
                <ol>
                { for entries.iter().map(|entry| html! {
                    <li>
                        <time>{ clock::time_of_day(entry.at) }</time>
                        { words::entry(entry) }
                    </li>
                }) }
                </ol>
            </div>
        </>
    }
}
