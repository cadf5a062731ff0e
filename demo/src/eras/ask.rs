//! Era 1: nothing arrives until the user asks.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use yew::platform::spawn_local;
use yew::prelude::*;

use super::card::{card, use_drawing};
use super::era::Era;
use super::meter::Meter;
use super::source::Source;
use crate::clock;
use crate::parts::main_button;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) source: Source,
    pub(crate) meter: Meter,
    pub(crate) is_paused: bool,
}

#[component]
pub(crate) fn Ask(props: &Props) -> Html {
    let arrivals = use_state(|| 0_u64);
    let next = use_memo((), |()| Cell::new(0_u64));
    let is_waiting = use_state_eq(|| false);
    let ask = {
        let (source, meter) = (props.source.clone(), props.meter.clone());
        let (arrivals, next, is_waiting) = (arrivals.clone(), Rc::clone(&next), is_waiting.clone());
        Callback::from(move |_| {
            let id = next.get();
            next.set(id + 1);
            is_waiting.set(true);
            let (source, meter) = (source.clone(), meter.clone());
            let (arrivals, is_waiting) = (arrivals.clone(), is_waiting.clone());
            spawn_local(async move {
                let start = clock::now();
                meter.request_started(start, id, 0);
                let answer = source.ask().await;
                let end = clock::now();
                meter.request_ended(end, id, answer.as_ref().map_or(0, |answer| answer.bytes));
                if let Some(answer) = answer {
                    meter.round_trip(Duration::from_secs_f64((end - start).max(0.0) / 1e3));
                    if let Some(news) = answer.latest {
                        meter.arrived(news);
                    }
                }
                is_waiting.set(false);
                arrivals.set(*arrivals + 1);
            });
        })
    };
    let drawing = use_drawing(&props.meter, &props.source, props.is_paused, *arrivals);
    let button = main_button("Ask the server", *is_waiting, ask);
    card(Era::Ask, &drawing, &props.source.clock(), button)
}
