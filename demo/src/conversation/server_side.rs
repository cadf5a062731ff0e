//! What the server says of the numbered messages that reached it.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use gloo_timers::future::TimeoutFuture;
use yew::platform::spawn_local;
use yew::prelude::*;

use super::numbered::Tag;
use crate::json::Json;
use crate::server::{Refusal, Server};

/// Milliseconds between two questions while messages are on their way.
const EACH: u32 = 1_000;

/// Milliseconds between two questions while the server answers none; the pause doubles up to this.
const SLOWEST: u32 = 30_000;

/// The server's judgement of the messages with one tag.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Received {
    /// The number with which the server's count began: above 1 once it was started again.
    pub(crate) first: u64,
    pub(crate) in_order: u64,
    /// Numbers passed over and not seen since, the newest of them.
    pub(crate) missing: Vec<u64>,
    /// All of them, counted.
    pub(crate) missing_count: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
}

impl Received {
    fn read(text: &str) -> Option<Self> {
        let json = Json::parse(text)?;
        Some(Self {
            first: json.get("first").count()?,
            in_order: json.get("in_order").count()?,
            missing: json.get("missing").list(Json::count)?,
            missing_count: json.get("missing_count").count()?,
            duplicated: json.get("duplicated").count()?,
            reordered: json.get("reordered").count()?,
        })
    }

    /// Messages that are missing and were not reported: `excused` are the reported ones, in ascending order.
    pub(crate) fn lost(&self, excused: &[u64]) -> u64 {
        let reported = self
            .missing
            .iter()
            .filter(|number| excused.binary_search(number).is_ok())
            .count();
        self.missing_count.saturating_sub(reported as u64)
    }
}

/// What is known of the messages that the server is asked about.
#[derive(Default)]
struct Asking {
    /// The newest number of echoes in order.
    echoed: Cell<u64>,
    is_busy: Cell<bool>,
}

/// The server's judgement of `tag`, asked for again while `echoed` changes, and after a failure until it answers.
///
/// Each echo in order shows that more has reached the server; what was sent may be on its way for long.
#[hook]
pub(crate) fn use_server_side(server: &Server, tag: Tag, echoed: u64) -> Rc<Received> {
    let received = use_state_eq(|| Rc::new(Received::default()));
    let asking = use_memo((), |()| Asking::default());
    {
        let (server, received) = (server.clone(), received.setter());
        use_effect_with(echoed, move |echoed| {
            asking.echoed.set(*echoed);
            // Before the first echo there is nothing to ask about.
            if *echoed > 0 && !asking.is_busy.replace(true) {
                let asking = Rc::downgrade(&asking);
                spawn_local(ask(server, tag, asking, move |judgement| {
                    received.set(Rc::new(judgement));
                }));
            }
        });
    }
    (*received).clone()
}

/// Asks until the server has judged all that was echoed. It ends when `asking` is gone, with what shows the judgement.
async fn ask(server: Server, tag: Tag, asking: Weak<Asking>, show: impl Fn(Received)) {
    let path = format!("/numbers/{}", tag.as_str());
    let mut pause = EACH;
    loop {
        TimeoutFuture::new(pause).await;
        let Some(asked) = asking.upgrade().map(|asking| asking.echoed.get()) else {
            return;
        };
        let answer = server.text(&path).await;
        let Some(asking) = asking.upgrade() else {
            return;
        };
        match answer {
            Ok(text) if let Some(judgement) = Received::read(&text) => show(judgement),
            // A server that was just started has seen none of the messages yet.
            Err(Refusal::Status(404, _)) => {}
            _ => {
                pause = (pause * 2).min(SLOWEST);
                continue;
            }
        }
        pause = EACH;
        if asking.echoed.get() == asked {
            asking.is_busy.set(false);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reported_is_not_lost() {
        let received = Received {
            missing: vec![4, 5, 9],
            missing_count: 3,
            ..Received::default()
        };
        assert_eq!(received.lost(&[]), 3);
        assert_eq!(received.lost(&[4, 5, 6]), 1);
    }
}
