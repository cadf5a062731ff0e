//! The history of server push: four eras beside each other, all with the same news.

mod ask;
mod card;
mod connections;
mod era;
mod listen;
mod meter;
mod news;
mod source;
mod timeline;

use gloo_timers::callback::Timeout;
use web_sys::HtmlInputElement;
use yew::platform::spawn_local;
use yew::prelude::*;

use self::ask::Ask;
use self::connections::use_connection_counts;
use self::era::Era;
use self::listen::Listen;
use self::meter::Meter;
use self::source::{Source, use_source};
use crate::parts::{main_button, quiet, switch};
use crate::section::section;
use crate::server::Server;
use crate::words::{bytes, reached, tenths};

/// The choice of intervals of the scheduled era, in milliseconds.
const INTERVALS: [u32; 6] = [500, 1_000, 2_000, 3_000, 5_000, 10_000];
const FIRST_INTERVAL: usize = 4;

/// Milliseconds that a chosen interval must stand before it is used, while the slider moves.
const SETTLES_AFTER: u32 = 250;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) server: Server,
}

#[component]
pub(crate) fn Eras(props: &Props) -> Html {
    let source = use_source(&props.server);
    let meters = use_memo((), |()| Era::ALL.map(|_| Meter::default()));
    let [asked, held, scheduled, pushed] = (*meters).clone();
    let at = |path| format!("{}{path}", props.server.origin());
    use_connection_counts(vec![
        (at("/news/latest?era=1"), asked.clone()),
        (at("/news?era=2"), held.clone()),
        (at("/news?era=3"), scheduled.clone()),
    ]);
    let is_paused = use_state_eq(|| false);
    let (interval, slider) = use_interval();
    let (said, push) = use_push(&props.server);

    let listen = |era: Era, meter: Meter, interval: u32, children: Html| {
        let Some(transport) = era.transport() else {
            return html! {};
        };
        html! {
            <Listen
                {era}
                {transport}
                {interval}
                {meter}
                url={format!("{}?era={}", props.server.news(), era.number())}
                source={source.clone()}
                is_paused={*is_paused}
            >
                { children }
            </Listen>
        }
    };
    let pause = {
        let is_paused = is_paused.clone();
        Callback::from(move |_| is_paused.set(!*is_paused))
    };
    let content = html! {
        <>
            <p>
                { "The server has news each second, and when somebody pushes some. Below, four pages' worth of history wait \
                   for the same news, each by means of its own. A slanted line is news on its way: made by the \
                   server at the top, shown by this page at the bottom. The steeper, the fresher." }
            </p>
            <div class="toolbar">
                { main_button("Push now", push) }
                <span class="quiet" role="status">{ said }</span>
                { switch("Hold the picture", *is_paused, pause) }
            </div>
            { legend() }
            <div class="eras">
                <Ask source={source.clone()} meter={asked} is_paused={*is_paused} />
                { listen(Era::HeldResponse, held, 1_000, quiet("Held up to 12 s, then asked again.")) }
                { listen(Era::Schedule, scheduled, interval, slider) }
                { listen(Era::WebSocket, pushed, 1_000, quiet("Nothing to ask. Both may speak.")) }
            </div>
            { quiet(footnote(&source)) }
        </>
    };
    section("eras", "Four eras of server push", content)
}

fn footnote(source: &Source) -> String {
    let mut text = "Bytes are those of request bodies, answers and WebSocket messages of the last 20 s with traffic, acknowledgements \
                    included. Every request carries its head on top"
        .to_owned();
    if let Some(head) = source.head_bytes() {
        text += &format!(
            ": {} in the last one of era 1, and more in those of eras 2 and 3",
            bytes(head)
        );
    }
    text + "; a WebSocket message carries 2 to 14 bytes of framing instead. Where no connection was opened, the browser \
            sent the requests over one that it had open already: HTTP keeps connections, too, but must ask each time. Another \
            interval is another session of era 3, without what waited for the next request of the one before."
}

/// What the marks of the pictures mean.
const LEGEND: [(&str, &str); 5] = [
    (
        r#"<svg width="16" height="16"><circle class="made" cx="8" cy="8" r="2.5"/></svg>"#,
        "made",
    ),
    (
        r#"<svg width="16" height="16"><circle class="shown" cx="8" cy="8" r="3.5"/></svg>"#,
        "shown",
    ),
    (
        r#"<svg width="28" height="16"><line class="request" x1="1" x2="27" y1="8" y2="8"/></svg>"#,
        "request, until its answer",
    ),
    (
        r#"<svg width="16" height="16"><line class="frame up" x1="8" x2="8" y1="3" y2="8"/><line class="frame down" x1="8" x2="8" y1="8" y2="13"/></svg>"#,
        "WebSocket message, up and down",
    ),
    ("", "20 seconds from left to right"),
];

fn legend() -> Html {
    html! {
        <ul class="legend" aria-hidden="true">
            { for LEGEND.iter().map(|(mark, meaning)| html! {
                <li>{ Html::from_html_unchecked((*mark).into()) }{ *meaning }</li>
            }) }
        </ul>
    }
}

/// What the server said when it was asked to push, and a way to ask it: it then speaks to this page and to every other.
#[hook]
fn use_push(server: &Server) -> (String, Callback<MouseEvent>) {
    let said = use_state_eq(|| "To every open page, by /broadcast.".to_owned());
    let push = {
        let (server, said) = (server.clone(), said.clone());
        Callback::from(move |_| {
            let (server, said) = (server.clone(), said.clone());
            spawn_local(async move {
                said.set(reached(server.broadcast("pushed by a visitor").await));
            });
        })
    };
    ((*said).clone(), push)
}

/// The interval that is used, and the slider that chooses it.
#[hook]
fn use_interval() -> (u32, Html) {
    let place = use_state_eq(|| FIRST_INTERVAL);
    let used = use_state_eq(|| FIRST_INTERVAL);
    let settling = use_mut_ref(|| None::<Timeout>);
    let oninput = {
        let (place, used) = (place.clone(), used.clone());
        Callback::from(move |event: InputEvent| {
            let chosen = event.target_dyn_into::<HtmlInputElement>();
            let chosen = chosen.map_or(FIRST_INTERVAL, |input| input.value_as_number() as usize);
            let chosen = chosen.min(INTERVALS.len() - 1);
            place.set(chosen);
            let used = used.clone();
            let settled = Timeout::new(SETTLES_AFTER, move || used.set(chosen));
            settling.replace(Some(settled));
        })
    };
    let millis = u64::from(INTERVALS[*place]);
    let words = match millis % 1_000 {
        0 => format!("every {} s", millis / 1_000),
        _ => format!("every {} s", tenths(millis / 100)),
    };
    let slider = html! {
        <label class="interval">
            <span>{ &words }</span>
            <input
                type="range"
                min="0"
                max={(INTERVALS.len() - 1).to_string()}
                value={place.to_string()}
                aria-label="Interval of the scheduled requests"
                aria-valuetext={words.clone()}
                {oninput}
            />
        </label>
    };
    (INTERVALS[*used], slider)
}
