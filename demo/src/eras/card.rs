//! One era: its picture and its figures.

use yew::prelude::*;

use super::era::Era;
use super::meter::{Meter, Reading};
use super::source::Source;
use super::timeline::timeline;
use crate::clock::{self, ServerClock};
use crate::document::lines;
use crate::frames::{Frames, Pace, use_frames};
use crate::parts::{figure, piece};
use crate::words::{bytes, grouped, millis, span};

/// News is drawn in the next frame; the picture moves on four times a second.
const PACE: Pace = Pace { pulse: 250, gap: 0 };

/// A meter as it is drawn, from time to time.
#[derive(Clone, PartialEq)]
pub(crate) struct Drawing {
    /// When, in milliseconds of the page.
    now: f64,
    reading: Reading,
    /// Items of news that the server had made since the page began.
    made: u64,
}

/// The frames of a card; one is to be asked for when news arrives.
#[hook]
pub(crate) fn use_card_frames() -> Frames {
    use_frames(PACE)
}

/// The meter as of this frame; what was drawn last stands still while `is_paused`.
#[hook]
pub(crate) fn use_drawing(meter: &Meter, source: &Source, is_paused: bool) -> Drawing {
    let last = use_mut_ref(|| None::<Drawing>);
    let now = clock::now();
    // Read while nothing moves, too: news does not age by being held.
    let reading = meter.read(now, |at| source.clock().to_page(at));
    let held = last.borrow().clone().filter(|_| is_paused);
    let drawing = held.unwrap_or_else(|| Drawing {
        now,
        reading,
        made: source.made(),
    });
    last.replace(Some(drawing.clone()));
    drawing
}

/// The card of an era, with what the visitor can do in it.
pub(crate) fn card(era: Era, drawing: &Drawing, clock: &ServerClock, control: Html) -> Html {
    let Drawing { now, reading, made } = drawing;
    let id = format!("era-{}", era.number());
    let waits = reading
        .newest
        .as_ref()
        .map(|newest| (now - clock.to_page(newest.at)).max(0.0));
    html! {
        <article class="era" aria-labelledby={id.clone()} data-era={era.number().to_string()}>
            <header>
                <span class="era-number" aria-hidden="true">{ era.number() }</span>
                <h3 {id}>{ era.name() }</h3>
                { lines(era.lines()) }
            </header>
            <p class="quiet era-what">{ era.what() }</p>
            <div class="era-control">{ control }</div>
            <p class="age">
                <span class="age-figure" data-figure="age">{ reading.typical_age.map_or_else(dash, millis) }</span>
                { piece("quiet", "old when shown, typically") }
            </p>
            { timeline(reading, *now) }
            <dl class="figures">
                { figure(Some("newest"), "Age of the newest, now", waits.map_or_else(dash, millis)) }
                { figure(Some("messages"), "Shown, of those made", format!("{} of {}", grouped(reading.totals.messages), grouped(*made))) }
                { figure(Some("requests"), "Requests", grouped(reading.totals.requests)) }
                { figure(Some("rate"), "Requests a minute, now", reading.requests_a_minute.map_or_else(dash, grouped)) }
                { figure(Some("connections"), "Connections opened", reading.totals.connections.map_or_else(dash, grouped)) }
                { figure(Some("up"), "Up, per message", per_message(reading.recent.bytes_up, reading.recent.messages)) }
                { figure(Some("down"), "Down, per message", per_message(reading.recent.bytes_down, reading.recent.messages)) }
                { figure(Some("round-trip"), "Round trip", span(reading.totals.round_trip)) }
            </dl>
        </article>
    }
}

fn per_message(count: u64, messages: u64) -> String {
    count.checked_div(messages).map_or_else(dash, bytes)
}

/// Of what is not known.
fn dash() -> String {
    "–".into()
}
