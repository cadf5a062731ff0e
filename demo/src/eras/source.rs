//! Where the news comes from, and the clocks at both ends.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Interval;
use yew::platform::spawn_local;
use yew::prelude::*;

use super::news::{Latest, News};
use crate::clock::{self, ServerClock};
use crate::server::Server;

/// Questions that set the clock right.
const QUESTIONS: usize = 3;

/// Milliseconds between two looks at whether the clock is to be set.
const LOOK_EACH: u32 = 5_000;

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
    /// When the first item was made that this page heard of.
    first_at: f64,
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

    /// Asks for the newest item; none where the server does not answer. The query tells whose request it is.
    pub(crate) async fn ask(&self, query: &str) -> Option<Answer> {
        let sent = clock::now();
        let text = self
            .0
            .server
            .text(&format!("/news/latest{query}"))
            .await
            .ok()?;
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
            first_at: news.at,
            last: news.number,
            last_at: news.at,
        };
        let made = match self.0.made.get() {
            None => heard,
            Some(made) if news.at <= made.last_at => made,
            Some(made) => Made {
                // A later item with a smaller number: the server was started again and counts anew.
                count: made.count + news.number.checked_sub(made.last).unwrap_or(news.number),
                first_at: made.first_at,
                ..heard
            },
        };
        self.0.made.set(Some(made));
    }

    /// Whether the item is later than the first one that the page heard of, and so among those of [`Self::made`].
    pub(crate) fn is_since_the_page_began(&self, news: &News) -> bool {
        self.0
            .made
            .get()
            .is_some_and(|made| news.at > made.first_at)
    }

    /// Sets the clock by a few questions, where it has to be.
    async fn set_clock(&self) {
        for _ in 0..QUESTIONS {
            // A server that does not answer is asked at the next look.
            if self.ask("").await.is_none() {
                return;
            }
        }
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

/// The news of a server, with the clock set when the server answers, and again from time to time.
#[hook]
pub(crate) fn use_source(server: &Server) -> Source {
    let source = use_memo(server.clone(), |server| Source::new(server.clone()));
    {
        let (source, update) = ((*source).clone(), use_force_update());
        let server_clock = source.clock();
        use_effect_with((), move |()| {
            let set = move || {
                let (source, update) = (source.clone(), update.clone());
                spawn_local(async move {
                    source.set_clock().await;
                    update.force_update();
                });
            };
            set();
            let looks = Interval::new(LOOK_EACH, move || {
                if server_clock.is_stale(clock::now()) {
                    set();
                }
            });
            move || drop(looks)
        });
    }
    (*source).clone()
}
