//! One era: its picture and its figures.

use yew::prelude::*;

use super::era::Era;
use super::meter::{Meter, Reading};
use super::timeline::Timeline;
use crate::clock::{self, ServerClock};
use crate::document::lines;
use crate::frames::use_frames_every;
use crate::words::{bytes, grouped, millis, span};

/// Milliseconds between two drawings while nothing arrives.
const PULSE_MS: u32 = 250;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) era: Era,
    pub(crate) meter: Meter,
    pub(crate) server_clock: ServerClock,
    /// Whether the picture and the figures stand still.
    pub(crate) is_paused: bool,
    /// Items of news that the server made since the page began.
    pub(crate) made: u64,
    /// Changes when something arrived.
    pub(crate) arrivals: u64,
    /// What the visitor can do in this era.
    #[prop_or_default]
    pub(crate) children: Html,
}

#[component]
pub(crate) fn Card(props: &Props) -> Html {
    let frames = use_frames_every(PULSE_MS);
    let frozen = use_mut_ref(|| None::<(f64, Reading)>);
    let (now, reading) = match (props.is_paused, &*frozen.borrow()) {
        (true, Some(held)) => held.clone(),
        _ => {
            let now = clock::now();
            let to_page = |at| props.server_clock.to_page(at);
            (now, props.meter.read(now, to_page))
        }
    };
    frozen.replace(Some((now, reading.clone())));
    use_effect_with(props.arrivals, move |_| frames.request());
    let era = props.era;
    let id = format!("era-{}", era.number());
    let waits = reading
        .newest
        .as_ref()
        .map(|newest| (now - props.server_clock.to_page(newest.at)).max(0.0));
    html! {
        <article class="era" aria-labelledby={id.clone()} data-era={era.number().to_string()}>
            <header>
                <span class="era-number" aria-hidden="true">{ era.number() }</span>
                <h3 {id}>{ era.name() }</h3>
                { lines(era.lines()) }
            </header>
            <p class="quiet era-what">{ era.what() }</p>
            <div class="era-control">{ props.children.clone() }</div>
            <p class="age">
                <span class="age-figure" data-figure="age">{ reading.typical_age.map_or_else(|| "–".into(), millis) }</span>
                <span class="quiet">{ "old when shown, typically" }</span>
            </p>
            <Timeline {now} reading={reading.clone()} />
            <dl class="figures">
                { figure("newest", "Age of the newest, now", waits.map_or_else(|| "–".into(), millis)) }
                { figure("messages", "Messages, of those made", format!("{} of {}", grouped(reading.totals.messages), grouped(props.made))) }
                { figure("requests", "Requests", grouped(reading.totals.requests)) }
                { figure("connections", "Connections opened", reading.totals.connections.map_or_else(|| "–".into(), grouped)) }
                { figure("up", "Up, per message", per_message(reading.totals.bytes_up, reading.totals.messages)) }
                { figure("down", "Down, per message", per_message(reading.totals.bytes_down, reading.totals.messages)) }
                { figure("round-trip", "Round trip", span(reading.totals.round_trip)) }
            </dl>
        </article>
    }
}

fn figure(name: &'static str, label: &str, value: String) -> Html {
    html! { <div><dt>{ label }</dt><dd data-figure={name}>{ value }</dd></div> }
}

fn per_message(count: u64, messages: u64) -> String {
    count
        .checked_div(messages)
        .map_or_else(|| "–".into(), bytes)
}
