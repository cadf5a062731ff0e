//! The fallback ladder, with the rung in use lit.

use std::time::Duration;

use tidewire::{Inspector, Transport};
use yew::prelude::*;

use crate::parts::{lamp, piece, quiet};
use crate::words;

/// Round-trip times come best transport first.
pub(crate) fn ladder(carrier: Option<Transport>, round_trips: [Duration; 3]) -> Html {
    let rungs = Transport::ALL.into_iter().zip(round_trips);
    html! {
        <>
            <ol class="ladder" aria-label="Transports, best first">
                { for rungs.map(|(transport, round_trip)| {
                    let is_lit = carrier == Some(transport);
                    html! {
                        <li class={classes!("rung", is_lit.then_some("lit"))} aria-current={is_lit.then_some("true")}>
                            { lamp() }
                            { piece("name", Inspector::transport(transport)) }
                            { piece("how", words::how(transport)) }
                            { piece("figure", words::span(round_trip)) }
                        </li>
                    }
                }) }
            </ol>
            { quiet("Figures: smoothed round-trip times, as last measured.") }
        </>
    }
}
