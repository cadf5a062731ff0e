//! Era 1: nothing arrives until the user asks.

use std::cell::Cell;
use std::time::Duration;

use yew::platform::spawn_local;
use yew::prelude::*;

use super::card::{card, use_card_frames, use_drawing};
use super::era::Era;
use super::meter::Meter;
use super::source::Source;
use crate::clock;
use crate::parts::{main_button, status};

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) source: Source,
    pub(crate) meter: Meter,
    pub(crate) is_paused: bool,
}

#[component]
pub(crate) fn Ask(props: &Props) -> Html {
    let frames = use_card_frames();
    let next = use_memo((), |()| Cell::new(0_u64));
    let is_unanswered = use_state_eq(|| false);
    let ask = {
        let (source, meter) = (props.source.clone(), props.meter.clone());
        let is_unanswered = is_unanswered.setter();
        Callback::from(move |_| {
            let is_unanswered = is_unanswered.clone();
            let id = next.get();
            next.set(id + 1);
            let (source, meter, frames) = (source.clone(), meter.clone(), frames.clone());
            spawn_local(async move {
                let start = clock::now();
                meter.request_started(start, id, 0);
                let answer = source.ask("?era=1").await;
                let end = clock::now();
                meter.request_ended(end, id, answer.as_ref().map_or(0, |answer| answer.bytes));
                is_unanswered.set(answer.is_none());
                if let Some(answer) = answer {
                    meter.round_trip(Duration::from_secs_f64((end - start).max(0.0) / 1e3));
                    if let Some(news) = answer.latest {
                        let is_counted = source.is_since_the_page_began(&news);
                        meter.arrived(end, news, is_counted);
                    }
                }
                frames.request();
            });
        })
    };
    let drawing = use_drawing(&props.meter, &props.source, props.is_paused);
    let control = html! {
        <>
            { main_button("Ask the server", ask) }
            { status("quiet", if *is_unanswered { "The server did not answer." } else { "" }) }
        </>
    };
    card(Era::Ask, &drawing, &props.source.clock(), control)
}
