//! One conversation with the server over whatever works, buttons that break it, and the bare WebSocket beside it.

mod bare;
mod break_it;
mod connection;
mod faults;
mod ladder;
mod ledger;
mod list;
mod memory;
mod numbered;
mod server_side;
mod talk;
mod verification;

use std::rc::Rc;

use gloo_timers::callback::Interval;
use tidewire::{
    CloseCode, Inspector, State, Transport, UseTidewire, use_inspector_log, use_tidewire,
};
use yew::platform::spawn_local;
use yew::prelude::*;

use self::bare::use_bare;
use self::break_it::break_it;
use self::connection::connection;
use self::faults::{Faults, use_faults};
use self::memory::Memory;
use self::server_side::use_server_side;
use self::talk::{talk, use_composer};
use self::verification::verification;
use crate::clock;
use crate::frames::{Pace, use_frames};
use crate::section::section;
use crate::server::Server;
use crate::words;

/// Milliseconds between two looks at the server's faults while some are active.
const FAULT_LOOK: f64 = 3_000.0;

/// Whole lists are drawn anew with each change: ten times a second is as good to look at as sixty.
const PACE: Pace = Pace {
    pulse: 1_000,
    gap: 100,
};

/// Milliseconds between two messages of the steady traffic.
const STEADY_EACH: u32 = 200;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) server: Server,
}

/// The section; a closed client is replaced by a new one.
#[component]
pub(crate) fn Conversation(props: &Props) -> Html {
    let server = &props.server;
    let memory = use_memo((), |()| Memory::new());
    let memory = &*memory;
    let client = use_state_eq(|| 0_usize);
    let reopen = {
        let client = client.clone();
        Callback::from(move |()| client.set(*client + 1))
    };
    let frames = use_frames(PACE);
    let log = use_inspector_log();

    let live = {
        let (memory, frames, log) = (memory.clone(), frames.clone(), log.clone());
        use_tidewire(
            // Another address, and so another client.
            &format!("{}?client={}", server.live(), *client),
            |builder| builder,
            move |incoming| {
                log.take(&incoming);
                memory.take(incoming);
                frames.request();
            },
        )
    };
    let draw = {
        let frames = frames.clone();
        Callback::from(move |()| frames.request())
    };
    let bare = use_bare(server.message_socket(""), draw);
    let state = live.state();
    let carrier = state.transport();

    let said = use_state_eq(String::new);
    let tell = {
        let said = said.setter();
        Callback::from(move |text| said.set(text))
    };
    let tally = memory.tally();
    let trouble = memory.trouble();
    // After each attach; and once where none comes about, since a fault may be why.
    let is_worth_it = carrier.is_some()
        || trouble
            .as_ref()
            .is_some_and(|trouble| trouble.failures.are_lasting());
    let attached = is_worth_it.then_some(tally.fresh + tally.resumed);
    let faults = use_watched_faults(server, attached, tell.clone());

    let send = {
        let (memory, live, frames, bare) = (
            memory.clone(),
            live.clone(),
            frames.clone(),
            Rc::clone(&bare),
        );
        Callback::from(move |text: String| {
            memory.send(&live, &frames, &text)?;
            bare.send(&text);
            frames.request();
            Ok(())
        })
    };
    let (is_steady, toggle_steady) = use_steady_traffic(&send, &live);
    let send_many = {
        let (memory, live, frames) = (memory.clone(), live.clone(), frames);
        Callback::from(move |()| {
            memory.send_burst(&live, &frames);
            frames.request();
        })
    };
    let composer = use_composer(send, broadcaster(server, tell));
    let counts = memory.counts();
    let bare_view = bare.view();
    let at_server = use_server_side(server, memory.tag(), counts.in_order);
    let bare_at_server = use_server_side(server, bare.tag(), bare_view.counts.in_order);
    let stats = live.stats();

    let content = html! {
        <>
            <p>
                { "One session with an echo server, carried by the best transport that works. Each message has a number, and \
                   both ends look at the numbers. Start the steady traffic, break what you like, and compare: the bare \
                   WebSocket beside it sends what you type and the steady traffic too, and opens again a second after it closed." }
            </p>
            <div class="columns">
                <div class="column">
                    { connection(&connection::Props {
                        carrier,
                        round_trips: Transport::ALL.map(|transport| stats.of(transport).round_trip),
                        state: match memory.ending() {
                            Some(cause) if state == State::Closed => format!("Closed: {cause}"),
                            _ => words::state(state),
                        },
                        is_closed: state == State::Closed,
                        verdict: words::verdict(live.verdict(), tally.follows_loss),
                        tally,
                        trouble,
                        fault: live.error().map(|error| error.to_string()),
                        server: server.clone(),
                        close: closer(&live),
                        reopen,
                    }) }
                    { talk(&talk::Props {
                        sent: memory.sent(),
                        received: memory.received(),
                        burst: memory.burst(),
                        is_steady,
                        composer,
                        send_many,
                        toggle_steady,
                    }) }
                </div>
                <div class="column">
                    { verification(&verification::Props {
                        counts,
                        lost_at_server: at_server.lost(&memory.excused()),
                        at_server,
                        bare: bare_view,
                        bare_at_server,
                    }) }
                    { break_it(&break_it::Props {
                        known: faults.known,
                        give: faults.give,
                        said: (*said).clone(),
                        command: server.command(),
                    }) }
                </div>
            </div>
            <Inspector {live} {log} />
        </>
    };
    section("conversation", "One conversation, any carrier", content)
}

/// What misbehaves at the server: looked at when `attached` changes, and now and then while something does.
#[hook]
fn use_watched_faults(server: &Server, attached: Option<u64>, tell: Callback<String>) -> Faults {
    // Whether some fault is active is known one render late, which costs nothing.
    let watched = use_mut_ref(|| false);
    let beat = if *watched.borrow() {
        (clock::now() / FAULT_LOOK).floor()
    } else {
        0.0
    };
    let faults = use_faults(server, attached.map(|attached| (attached, beat)), tell);
    watched.replace(faults.known.any_is_active());
    faults
}

/// Whether messages are sent all the time, and a way to change that.
#[hook]
fn use_steady_traffic(
    send: &Callback<String, Result<(), String>>,
    live: &UseTidewire,
) -> (bool, Callback<()>) {
    let is_steady = use_state_eq(|| false);
    let send = send.clone();
    use_effect_with((*is_steady, live.clone()), move |(is_steady, _)| {
        // A refusal is told where one types; here the next message is the next try.
        let steady =
            is_steady.then(|| Interval::new(STEADY_EACH, move || drop(send.emit("steady".into()))));
        move || drop(steady)
    });
    let now = *is_steady;
    (now, Callback::from(move |()| is_steady.set(!now)))
}

fn broadcaster(server: &Server, tell: Callback<String>) -> Callback<String> {
    let server = server.clone();
    Callback::from(move |text: String| {
        let (server, tell) = (server.clone(), tell.clone());
        spawn_local(async move { tell.emit(words::reached(server.broadcast(&text).await)) });
    })
}

fn closer(live: &UseTidewire) -> Callback<()> {
    let live = live.clone();
    Callback::from(move |()| {
        if let Some(sender) = live.sender() {
            // How it ended is told as an event.
            drop(sender.close(CloseCode::NORMAL, "closed by the visitor"));
        }
    })
}
