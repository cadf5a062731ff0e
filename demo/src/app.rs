//! The page as a whole.

use std::rc::Rc;

use tidewire::{State, Transport, use_tidewire};
use yew::platform::spawn_local;
use yew::prelude::*;

use crate::clock;
use crate::components::break_it::BreakIt;
use crate::components::connection::Connection;
use crate::components::log::Log;
use crate::components::statistics::Statistics;
use crate::components::talk::Talk;
use crate::faults::use_faults;
use crate::frames::use_frames;
use crate::page::{Page, Trouble};
use crate::server::{Refusal, Server};
use crate::words;

/// Milliseconds between two looks at the server's faults while some are active.
const FAULT_LOOK: f64 = 3_000.0;

/// The page; a closed client is replaced by a new one.
#[component]
pub(crate) fn App() -> Html {
    let server = use_memo((), |()| Server::of_page());
    let page = use_memo((), |()| Page::new());
    let client = use_state(|| 0_u64);
    let reopen = {
        let client = client.clone();
        Callback::from(move |()| client.set(*client + 1))
    };
    html! {
        <>
            <header>
                <h1>{ "tidewire" }</h1>
                <p>{ "One conversation with an echo server, carried by whatever works. Break it: it comes back." }</p>
            </header>
            <Conversation key={*client} {server} page={(*page).clone()} {reopen} />
        </>
    }
}

#[derive(PartialEq, Properties)]
struct ConversationProps {
    server: Rc<Server>,
    page: Page,
    reopen: Callback<()>,
}

/// One client, and everything that is seen of it.
#[component]
fn Conversation(props: &ConversationProps) -> Html {
    let ConversationProps {
        server,
        page,
        reopen,
    } = props;
    let frames = use_frames();
    let live = {
        let (page, frames) = (page.clone(), frames.clone());
        use_tidewire(
            &server.live(),
            |builder| builder,
            move |incoming| {
                page.take(incoming);
                frames.request();
            },
        )
    };
    let (state, stats) = (live.state(), live.stats());
    let carrier = state.transport();

    let tell = {
        let (page, frames) = (page.clone(), frames.clone());
        Callback::from(move |text| {
            page.note(text);
            frames.request();
        })
    };
    // Whether some fault is active is known one render late, which costs nothing.
    let watched = use_mut_ref(|| false);
    let beat = if *watched.borrow() {
        (clock::now() / FAULT_LOOK).floor()
    } else {
        0.0
    };
    let tally = page.tally();
    let trouble = page.trouble();
    // After each attach; and once where none comes about, since a fault may be why.
    let is_worth_it = carrier.is_some() || trouble.as_ref().is_some_and(Trouble::lasts);
    let moment = is_worth_it.then_some((tally.fresh + tally.resumed, beat));
    let faults = use_faults(server, moment, tell.clone());
    watched.replace(faults.known.any_is_active());

    let send = {
        let (page, live, frames) = (page.clone(), live.clone(), frames.clone());
        Callback::from(move |text: String| {
            let result = page.send(&live, &frames, &text);
            frames.request();
            result
        })
    };
    let send_many = {
        let (page, live, frames) = (page.clone(), live.clone(), frames);
        Callback::from(move |()| {
            page.send_burst(&live, &frames);
            frames.request();
        })
    };
    let broadcast = {
        let server = Rc::clone(server);
        Callback::from(move |text: String| {
            let (server, tell) = (Rc::clone(&server), tell.clone());
            spawn_local(async move { tell.emit(reach(server.broadcast(&text).await)) });
        })
    };
    let close = {
        let live = live.clone();
        Callback::from(move |()| {
            if let Some(sender) = live.sender() {
                // How it ended is told as an event.
                drop(sender.close(tidewire::CloseCode::NORMAL, "closed by the visitor"));
            }
        })
    };

    html! {
        <main>
            <div class="column">
                <Connection
                    {carrier}
                    round_trips={Transport::ALL.map(|transport| stats.of(transport).round_trip)}
                    state={words::state(state)}
                    is_closed={state == State::Closed}
                    verdict={words::verdict(live.verdict(), tally.follows_loss)}
                    {tally}
                    {trouble}
                    fault={live.error().map(|error| error.to_string())}
                    server={Rc::clone(server)}
                    {close}
                    reopen={reopen.clone()}
                />
                <Talk
                    sent={page.sent()}
                    received={page.received()}
                    counts={page.counts()}
                    burst={page.burst()}
                    {send}
                    {send_many}
                    {broadcast}
                />
                <Log rows={page.log()} />
            </div>
            <div class="column">
                <BreakIt known={faults.known} give={faults.give} command={server.command()} />
                <Statistics {stats} />
            </div>
        </main>
    }
}

fn reach(answer: Result<u64, Refusal>) -> String {
    match answer {
        Ok(count) => format!(
            "The server spoke to {}.",
            words::counted(count, "client", "clients")
        ),
        Err(Refusal::Forbidden) => "The server does not let this page broadcast.".into(),
        Err(Refusal::Status(status, text)) => {
            format!("The server did not broadcast ({status}: {text}).")
        }
        Err(Refusal::Unreachable) => "The server did not answer.".into(),
    }
}
