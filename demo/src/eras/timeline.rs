//! The last seconds of an era as a picture: news as a line from when the server made it, above, to when the page showed
//! it, below; under that each request as a bar and each WebSocket message as a tick.

use yew::prelude::*;

use super::meter::{Frame, Reading, Request, Shown, WINDOW};

/// Rails and bands, in pixels from the top.
const MADE: f64 = 8.0;
const SHOWN: f64 = 44.0;
const WIRE: f64 = 56.0;
const WIRE_HEIGHT: f64 = 10.0;
const HEIGHT: f64 = 72.0;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) reading: Reading,
    /// The right edge, in milliseconds of the page.
    pub(crate) now: f64,
}

#[component]
pub(crate) fn Timeline(props: &Props) -> Html {
    let Props { reading, now } = props;
    let x = |at: f64| percent(((at - now) / WINDOW + 1.0).clamp(0.0, 1.0));
    html! {
        <svg class="timeline" height={HEIGHT.to_string()} width="100%" role="img" aria-label={summary(reading)}>
            <line class="rail" x1="0" x2="100%" y1={MADE.to_string()} y2={MADE.to_string()} />
            <line class="rail" x1="0" x2="100%" y1={SHOWN.to_string()} y2={SHOWN.to_string()} />
            { for reading.requests.iter().map(|request| bar(request, *now, &x)) }
            { for reading.frames.iter().map(|frame| tick(frame, &x)) }
            { for reading.shown.iter().map(|shown| journey(shown, &x)) }
        </svg>
    }
}

fn journey(shown: &Shown, x: &impl Fn(f64) -> String) -> Html {
    let (made, seen) = (x(shown.made), x(shown.shown));
    html! {
        <>
            <line class="journey" x1={made.clone()} x2={seen.clone()} y1={MADE.to_string()} y2={SHOWN.to_string()} />
            <circle class="made" cx={made} cy={MADE.to_string()} r="2.5" />
            <circle class="shown" cx={seen} cy={SHOWN.to_string()} r="3.5" />
        </>
    }
}

fn bar(request: &Request, now: f64, x: &impl Fn(f64) -> String) -> Html {
    let end = request.end.unwrap_or(now);
    let is_open = request.end.is_none();
    html! {
        <>
            <line
                class={classes!("request", is_open.then_some("open"))}
                x1={x(request.start)}
                x2={x(end)}
                y1={(WIRE + WIRE_HEIGHT / 2.0).to_string()}
                y2={(WIRE + WIRE_HEIGHT / 2.0).to_string()}
            />
            <line
                class="start"
                x1={x(request.start)}
                x2={x(request.start)}
                y1={WIRE.to_string()}
                y2={(WIRE + WIRE_HEIGHT).to_string()}
            />
        </>
    }
}

fn tick(frame: &Frame, x: &impl Fn(f64) -> String) -> Html {
    // Up and down have half the band each.
    let middle = WIRE + WIRE_HEIGHT / 2.0;
    let (class, top, bottom) = if frame.is_up {
        ("frame up", WIRE, middle)
    } else {
        ("frame down", middle, WIRE + WIRE_HEIGHT)
    };
    html! { <line {class} x1={x(frame.at)} x2={x(frame.at)} y1={top.to_string()} y2={bottom.to_string()} /> }
}

fn percent(part: f64) -> String {
    format!("{:.2}%", part * 100.0)
}

/// The picture in words.
fn summary(reading: &Reading) -> String {
    format!(
        "The last {} seconds: {} messages shown, {} requests, {} WebSocket messages",
        WINDOW / 1_000.0,
        reading.shown.len(),
        reading.requests.len(),
        reading.frames.len(),
    )
}
