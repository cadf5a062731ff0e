//! The counters that stay at zero.

use yew::prelude::*;

use crate::ledger::Counts;
use crate::words::grouped;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) counts: Counts,
}

#[component]
pub(crate) fn Verification(props: &Props) -> Html {
    let Counts {
        in_order,
        lost,
        duplicated,
        reordered,
        reported,
        outstanding,
    } = props.counts;
    html! {
        <>
            <dl class="tiles three" aria-label="What the numbers of the echoes say">
                { zero("lost", lost) }
                { zero("duplicated", duplicated) }
                { zero("reordered", reordered) }
            </dl>
            <p class="quiet">
                { format!("{} echoes in order, {} to come", grouped(in_order), grouped(outstanding as u64)) }
                if reported > 0 {
                    { format!(", {} unknown since a session was lost, as reported", grouped(reported)) }
                }
            </p>
        </>
    }
}

fn zero(name: &str, count: u64) -> Html {
    let class = if count == 0 { "zero" } else { "bad" };
    html! { <div {class}><dt>{ name }</dt><dd>{ grouped(count) }</dd></div> }
}
