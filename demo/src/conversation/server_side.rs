//! What the server says of the numbered messages that reached it.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::platform::spawn_local;
use yew::prelude::*;

use super::numbered::Tag;
use crate::json::Json;
use crate::server::Server;

/// Milliseconds between two questions while messages are on their way.
const EACH: u32 = 1_000;

/// The server's judgement of the messages with one tag.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Received {
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

/// The server's judgement of `tag`, asked for again while `sent` changes.
#[hook]
pub(crate) fn use_server_side(server: &Server, tag: Tag, sent: u64) -> Rc<Received> {
    let received = use_state_eq(|| Rc::new(Received::default()));
    let asked_for = use_mut_ref(|| None::<u64>);
    let timer = use_mut_ref(|| None::<Timeout>);
    {
        let (server, received) = (server.clone(), received.clone());
        use_effect_with(sent, move |sent| {
            // Before the first message there is nothing to ask about.
            let is_waiting = *sent == 0 || timer.borrow().is_some();
            if *asked_for.borrow() == Some(*sent) || is_waiting {
                return;
            }
            asked_for.replace(Some(*sent));
            let slot = Rc::clone(&timer);
            let later = Timeout::new(EACH, move || {
                slot.take();
                spawn_local(async move {
                    let path = format!("/numbers/{}", tag.as_str());
                    if let Ok(text) = server.text(&path).await
                        && let Some(judgement) = Received::read(&text)
                    {
                        received.set(Rc::new(judgement));
                    }
                });
            });
            timer.replace(Some(later));
        });
    }
    (*received).clone()
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
