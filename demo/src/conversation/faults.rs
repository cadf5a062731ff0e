//! The server's faults, as far as this page knows them.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use web_sys::Event;
use yew::platform::spawn_local;
use yew::prelude::*;

use crate::server::{FaultLine, Reached, Refusal, Server};
use crate::words::{counted, refused};

/// How long "offline" lasts, in milliseconds.
const OFFLINE_MS: u32 = 8_000;

/// What is known about the server's faults.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Known {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The server was started without `--faults`.
    Forbidden,
    /// The server does not answer.
    Unreachable,
    /// These lasting faults exist.
    Lines(Rc<[FaultLine]>),
}

/// What a button asks of the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Order {
    /// Ends a lasting fault.
    Clear(&'static Lasting),
    /// Ends all lasting faults and lets frozen connections go on.
    ClearAll,
    /// Happens at once.
    Now(&'static str),
    /// Begins a lasting fault.
    Set(&'static Lasting),
}

/// A fault that lasts until it is ended.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Lasting {
    /// The server's name for it.
    pub(crate) fault: &'static str,
    /// As JSON.
    pub(crate) settings: &'static str,
    /// This page's name for it.
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
}

/// What [`use_faults`] gives.
#[derive(Clone)]
pub(crate) struct Faults {
    pub(crate) known: Known,
    pub(crate) give: Callback<Order>,
}

/// The faults of `server`: asked for whenever `moment` changes to something, and after each order. `tell` hears in words
/// what became of each order.
#[hook]
pub(crate) fn use_faults<M>(server: &Server, moment: Option<M>, tell: Callback<String>) -> Faults
where
    M: PartialEq + 'static,
{
    let known = use_state_eq(Known::default);
    let round = use_memo((), |()| Cell::new(0_u64));
    let look = {
        let (server, known) = (server.clone(), known.setter());
        let round = Rc::clone(&round);
        Rc::new(move || {
            let (server, known, round) = (server.clone(), known.clone(), Rc::clone(&round));
            let own = round.get() + 1;
            round.set(own);
            spawn_local(async move {
                let answer = server.faults().await;
                // A later question may have been answered earlier.
                if round.get() == own {
                    known.set(understand(answer));
                }
            });
        })
    };
    {
        let look = Rc::clone(&look);
        use_effect_with(moment, move |moment| {
            if moment.is_some() {
                look();
            }
        });
    }
    let give = {
        let server = server.clone();
        Callback::from(move |order| {
            let (server, tell, look) = (server.clone(), tell.clone(), Rc::clone(&look));
            spawn_local(async move {
                let (name, settings) = wording(order);
                let answer = server.order(name, &settings).await;
                if order == Order::Now("offline") && answer.is_ok() {
                    pretend_offline();
                }
                tell.emit(outcome(order, answer));
                look();
            });
        })
    };
    Faults {
        known: (*known).clone(),
        give,
    }
}

impl Known {
    /// The state of the fault with this name.
    pub(crate) fn line(&self, name: &str) -> Option<&FaultLine> {
        match self {
            Self::Lines(lines) => lines.iter().find(|line| line.fault == name),
            Self::Forbidden | Self::Nothing | Self::Unreachable => None,
        }
    }

    pub(crate) fn any_is_active(&self) -> bool {
        match self {
            Self::Lines(lines) => lines.iter().any(|line| line.is_active),
            Self::Forbidden | Self::Nothing | Self::Unreachable => false,
        }
    }
}

/// What a browser tells its pages when the network goes, and when it is back. That nothing gets through meanwhile is the
/// server's doing.
fn pretend_offline() {
    dispatch("offline");
    spawn_local(async {
        TimeoutFuture::new(OFFLINE_MS).await;
        dispatch("online");
    });
}

fn dispatch(name: &str) {
    if let (Some(window), Ok(event)) = (web_sys::window(), Event::new(name)) {
        // Nobody prevents the default of these, and there is none.
        let _ = window.dispatch_event(&event);
    }
}

fn understand(answer: Result<Vec<FaultLine>, Refusal>) -> Known {
    match answer {
        Ok(lines) => Known::Lines(lines.into()),
        Err(Refusal::Forbidden) => Known::Forbidden,
        Err(Refusal::Status(..) | Refusal::Unreachable) => Known::Unreachable,
    }
}

fn wording(order: Order) -> (&'static str, String) {
    match order {
        Order::Clear(lasting) => ("clear", format!(r#"{{"fault":"{}"}}"#, lasting.fault)),
        Order::ClearAll => ("clear", String::new()),
        Order::Now("offline") => ("unreachable", format!(r#"{{"millis":{OFFLINE_MS}}}"#)),
        Order::Now(name) => (name, String::new()),
        Order::Set(lasting) => (lasting.fault, lasting.settings.to_owned()),
    }
}

fn outcome(order: Order, answer: Result<Reached, Refusal>) -> String {
    let reached = match answer {
        Ok(reached) => reached,
        Err(refusal) => return refused("misbehave", &refusal),
    };
    let connections = counted(reached.connections, "connection", "connections");
    match order {
        Order::Clear(lasting) => format!("Fault off: {}.", lasting.name),
        Order::ClearAll => "All faults off.".into(),
        Order::Now("cut") => format!("You cut {connections}."),
        Order::Now("half-open") => format!("You made {connections} half-open."),
        Order::Now("forget") => format!(
            "You made the server forget {}.",
            counted(reached.sessions, "session", "sessions")
        ),
        Order::Now("offline") => format!("You took the network away for {} s.", OFFLINE_MS / 1_000),
        Order::Now("restart") => "The server starts again, and remembers nobody.".into(),
        Order::Now(name) => format!("You ordered {name}."),
        Order::Set(lasting) => format!("Fault on: {}.", lasting.name),
    }
}
