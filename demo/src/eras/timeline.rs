//! The last seconds of an era as a picture: news as a line from when the server made it, above, to when the page showed
//! it, below; under that each request as a bar and each WebSocket message as a tick.

use std::fmt::Write;

use yew::prelude::*;

use super::meter::{Reading, WINDOW};
use crate::words::tenths;

/// Rails and bands, in pixels from the top.
const MADE: u32 = 8;
const SHOWN: u32 = 44;
const WIRE_TOP: u32 = 56;
const WIRE_MIDDLE: u32 = 61;
const WIRE_BOTTOM: u32 = 66;
const HEIGHT: u32 = 72;

/// The picture whose right edge is `now`, in milliseconds of the page.
pub(crate) fn timeline(reading: &Reading, now: f64) -> Html {
    let x = |at: f64| {
        let part = ((at - now) / WINDOW + 1.0).clamp(0.0, 1.0);
        format!("{}%", tenths((part * 1_000.0) as u64))
    };
    let left = || "0".to_owned();
    let right = || "100%".to_owned();
    let mut picture = Picture::begin(reading);
    for rail in [MADE, SHOWN] {
        picture.line("rail", (left(), rail), (right(), rail));
    }
    for request in &reading.requests {
        let class = if request.end.is_none() {
            "request open"
        } else {
            "request"
        };
        let end = x(request.end.unwrap_or(now));
        picture.line(class, (x(request.start), WIRE_MIDDLE), (end, WIRE_MIDDLE));
        picture.line(
            "start",
            (x(request.start), WIRE_TOP),
            (x(request.start), WIRE_BOTTOM),
        );
    }
    for frame in &reading.frames {
        // Up and down have half the band each.
        let (class, top, bottom) = if frame.is_up {
            ("frame up", WIRE_TOP, WIRE_MIDDLE)
        } else {
            ("frame down", WIRE_MIDDLE, WIRE_BOTTOM)
        };
        picture.line(class, (x(frame.at), top), (x(frame.at), bottom));
    }
    for shown in &reading.shown {
        let (made, seen) = (x(shown.made), x(shown.shown));
        picture.line("journey", (made.clone(), MADE), (seen.clone(), SHOWN));
        picture.dot("made", &made, MADE);
        picture.dot("shown", &seen, SHOWN);
    }
    picture.end()
}

/// A picture as text: hundreds of marks are new four times a second, and comparing them one by one would be in vain.
///
/// Nothing but numbers and the words of this file gets into it.
struct Picture(String);

impl Picture {
    fn begin(reading: &Reading) -> Self {
        let mut text = String::new();
        // Writing to a string cannot fail, here and below.
        let _ = write!(
            text,
            r#"<svg class="timeline" height="{HEIGHT}" width="100%" role="img" aria-label="{}">"#,
            summary(reading)
        );
        Self(text)
    }

    fn line(&mut self, class: &str, (x1, y1): (String, u32), (x2, y2): (String, u32)) {
        let _ = write!(
            self.0,
            r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#
        );
    }

    fn dot(&mut self, class: &str, x: &str, y: u32) {
        let radius = if class == "made" { 2 } else { 3 };
        let _ = write!(
            self.0,
            r#"<circle class="{class}" cx="{x}" cy="{y}" r="{radius}.5"/>"#
        );
    }

    fn end(mut self) -> Html {
        self.0.push_str("</svg>");
        Html::from_html_unchecked(self.0.into())
    }
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
