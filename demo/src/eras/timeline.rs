//! The last seconds of an era as a picture: news as a line from when the server made it, above, to when the page showed
//! it, below; under that each request as a bar and each WebSocket message as a tick.

use yew::prelude::*;

use super::meter::{Frame, Reading, Request, Shown, WINDOW};
use crate::words::tenths;

/// Rails and bands, in pixels from the top.
const MADE: &str = "8";
const SHOWN: &str = "44";
const WIRE_TOP: &str = "56";
const WIRE_MIDDLE: &str = "61";
const WIRE_BOTTOM: &str = "66";
const HEIGHT: &str = "72";

/// The picture whose right edge is `now`, in milliseconds of the page.
pub(crate) fn timeline(reading: &Reading, now: f64) -> Html {
    let x = |at: f64| percent(((at - now) / WINDOW + 1.0).clamp(0.0, 1.0));
    html! {
        <svg class="timeline" height={HEIGHT} width="100%" role="img" aria-label={summary(reading)}>
            <line class="rail" x1="0" x2="100%" y1={MADE} y2={MADE} />
            <line class="rail" x1="0" x2="100%" y1={SHOWN} y2={SHOWN} />
            { for reading.requests.iter().map(|request| bar(request, now, &x)) }
            { for reading.frames.iter().map(|frame| tick(frame, &x)) }
            { for reading.shown.iter().map(|shown| journey(shown, &x)) }
        </svg>
    }
}

fn journey(shown: &Shown, x: &impl Fn(f64) -> String) -> Html {
    let (made, seen) = (x(shown.made), x(shown.shown));
    html! {
        <>
            <line class="journey" x1={made.clone()} x2={seen.clone()} y1={MADE} y2={SHOWN} />
            <circle class="made" cx={made} cy={MADE} r="2.5" />
            <circle class="shown" cx={seen} cy={SHOWN} r="3.5" />
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
                y1={WIRE_MIDDLE}
                y2={WIRE_MIDDLE}
            />
            <line
                class="start"
                x1={x(request.start)}
                x2={x(request.start)}
                y1={WIRE_TOP}
                y2={WIRE_BOTTOM}
            />
        </>
    }
}

fn tick(frame: &Frame, x: &impl Fn(f64) -> String) -> Html {
    // Up and down have half the band each.
    let (class, top, bottom) = if frame.is_up {
        ("frame up", WIRE_TOP, WIRE_MIDDLE)
    } else {
        ("frame down", WIRE_MIDDLE, WIRE_BOTTOM)
    };
    html! { <line {class} x1={x(frame.at)} x2={x(frame.at)} y1={top} y2={bottom} /> }
}

fn percent(part: f64) -> String {
    format!("{}%", tenths((part * 1_000.0) as u64))
}

/// The picture in words.
fn summary(reading: &Reading) -> String {
    format!(
        "The last {} seconds: {} messages shown, {} requests, {} WebSocket messages",
        WINDOW as u64 / 1_000,
        reading.shown.len(),
        reading.requests.len(),
        reading.frames.len(),
    )
}
