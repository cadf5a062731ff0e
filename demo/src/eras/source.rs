//! Where the news comes from, and the clocks at both ends.

use std::cell::Cell;
use std::rc::Rc;

use yew::platform::spawn_local;
use yew::prelude::*;

use super::news::{Latest, News};
use crate::clock::{self, ServerClock};
use crate::server::Server;

/// Questions that set the clock right when the page begins.
const QUESTIONS: usize = 3;

/// The server's news; clones share what is known of it.
#[derive(Clone)]
pub(crate) struct Source(Rc<Inside>);

struct Inside {
    server: Server,
    clock: ServerClock,
    made: Cell<Option<Made>>,
    /// Length of the head of this page's last plain request.
    head: Cell<u64>,
}

/// How many items the server made since this page began.
#[derive(Clone, Copy)]
struct Made {
    count: u64,
    /// The newest item that anything on this page has heard of.
    last: u64,
    last_at: f64,
}

/// What a plain request brought.
pub(crate) struct Answer {
    pub(crate) latest: Option<News>,
    /// Length of the answer's body.
    pub(crate) bytes: u64,
}

impl Source {
    pub(crate) fn new(server: Server) -> Self {
        Self(Rc::new(Inside {
            server,
            clock: ServerClock::default(),
            made: Cell::default(),
            head: Cell::default(),
        }))
    }

    pub(crate) fn clock(&self) -> ServerClock {
        self.0.clock.clone()
    }

    /// Asks for the newest item; none where the server does not answer.
    pub(crate) async fn ask(&self) -> Option<Answer> {
        let sent = clock::now();
        let text = self.0.server.text("/news/latest").await.ok()?;
        let received = clock::now();
        let latest = Latest::read(&text)?;
        self.0.clock.set(sent, received, latest.now);
        self.0.head.set(latest.request_bytes);
        if let Some(news) = &latest.latest {
            self.heard_of(news);
        }
        Some(Answer {
            latest: latest.latest,
            bytes: text.len() as u64,
        })
    }

    /// This item exists. The first one ever heard of was made before the page began.
    pub(crate) fn heard_of(&self, news: &News) {
        let heard = Made {
            count: 0,
            last: news.number,
            last_at: news.at,
        };
        let made = match self.0.made.get() {
            None => heard,
            Some(made) if news.at <= made.last_at => made,
            Some(made) => Made {
                // A later item with a smaller number: the server was started again and counts anew.
                count: made.count + news.number.checked_sub(made.last).unwrap_or(news.number),
                ..heard
            },
        };
        self.0.made.set(Some(made));
    }

    /// Items made since the page began, as far as is known.
    pub(crate) fn made(&self) -> u64 {
        self.0.made.get().map_or(0, |made| made.count)
    }

    /// Bytes of the head of a plain request of this page; none before the first.
    pub(crate) fn head_bytes(&self) -> Option<u64> {
        Some(self.0.head.get()).filter(|bytes| *bytes > 0)
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The news of a server, with the clock set by a few questions.
#[hook]
pub(crate) fn use_source(server: &Server) -> Source {
    let source = use_memo(server.clone(), |server| Source::new(server.clone()));
    {
        let (source, update) = ((*source).clone(), use_force_update());
        use_effect_with((), move |()| {
            spawn_local(async move {
                for _ in 0..QUESTIONS {
                    // What the clock learns is what counts.
                    let _ = source.ask().await;
                }
                update.force_update();
            });
        });
    }
    (*source).clone()
}
