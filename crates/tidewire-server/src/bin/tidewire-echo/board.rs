//! `/connections/live`: the list of `/connections`, pushed to whoever watches it.
//!
//! A watcher gets the list when it comes and then at each change. It has one list under way at most and gets the next one,
//! by then the newest, when its application has taken that one: a watcher that does not read costs one list, and holds
//! nobody back.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tidewire_server::{Changes, CloseCode, Hub, Receipt, SendErrorKind, Session};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::app::App;
use crate::connections::Connections;

/// Time from one list to the next.
const PAUSE: Duration = Duration::from_millis(100);
/// The same, where only counts of messages have changed.
const COUNTS_PAUSE: Duration = Duration::from_secs(1);
/// Lines of a list that is pushed: some 80 KiB.
const MAX_LINES: usize = 500;
/// Watchers, each of whom may have a list under way.
pub(crate) const MAX_WATCHERS: usize = 256;

/// Where the list is shown.
#[derive(Clone)]
pub(crate) struct Board {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Hub,
    /// The newest list, as JSON; empty until somebody watches.
    list: watch::Sender<Arc<str>>,
    /// Messages were counted.
    counted: Notify,
}

impl Board {
    pub(crate) fn new(hub: Hub) -> Self {
        Self {
            inner: Arc::new(Inner {
                hub,
                list: watch::Sender::new(Arc::from("")),
                counted: Notify::new(),
            }),
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    /// A client's messages have become more.
    pub(crate) fn count(&self) {
        self.inner.counted.notify_one();
    }
}

/// Writes the list anew at each change, as long as somebody watches.
pub(crate) async fn keep(app: App) {
    let mut changes = AnyChange::of(&app);
    let mut earliest = Instant::now();
    let mut earliest_for_counts = earliest;
    let mut due: Option<Instant> = None;
    loop {
        let wait = async {
            match due {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = wait => {
                due = None;
                // Who comes now writes the first list itself.
                if app.board.inner.list.receiver_count() > 0 {
                    app.board.inner.list.send_replace(written(&app));
                }
                earliest = Instant::now() + PAUSE;
                earliest_for_counts = Instant::now() + COUNTS_PAUSE;
            }
            change = changes.next() => match change {
                Some(()) => due = Some(earliest),
                None => return,
            },
            () = app.board.inner.counted.notified(), if due.is_none() => due = Some(earliest_for_counts),
        }
    }
}

/// Whatever the list shows, message counts aside.
struct AnyChange {
    live: Changes,
    news: Changes,
    board: Changes,
    guests: watch::Receiver<()>,
}

impl AnyChange {
    fn of(app: &App) -> Self {
        Self {
            live: app.hub.changes(),
            news: app.news.hub().changes(),
            board: app.board.hub().changes(),
            guests: app.guests.changes(),
        }
    }

    async fn next(&mut self) -> Option<()> {
        tokio::select! {
            change = self.live.changed() => change,
            change = self.news.changed() => change,
            change = self.board.changed() => change,
            change = self.guests.changed() => change.ok(),
        }
    }
}

fn written(app: &App) -> Arc<str> {
    match serde_json::to_string(&Connections::now(app, MAX_LINES)) {
        Ok(list) => Arc::from(list),
        Err(error) => {
            tracing::error!(%error, "the list of connections cannot be written");
            Arc::from("")
        }
    }
}

/// Serves every watcher until the hub shuts down.
pub(crate) async fn serve_all(app: App) {
    let hub = app.board.hub().clone();
    hub.run(move |session| show(session, app.clone())).await;
}

async fn show(mut session: Session, app: App) {
    let mut lists = app.board.inner.list.subscribe();
    let mut shown = written(&app);
    let mut under_way = push(&session, &shown);
    loop {
        let idle = under_way.is_none();
        let taken = async {
            match &mut under_way {
                Some(receipt) => receipt.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // What a watcher says is taken, so that it is acknowledged, and left at that.
            said = session.next() => match said {
                Some(_) => app.board.count(),
                None => return,
            },
            taken = taken => match taken {
                Ok(()) => under_way = None,
                Err(_) => return,
            },
            new = lists.changed(), if idle => {
                if new.is_err() {
                    return;
                }
                let list = Arc::clone(&lists.borrow_and_update());
                // The list may have changed back, or have been written before this watcher's own first one.
                if list != shown {
                    shown = list;
                    under_way = push(&session, &shown);
                }
            }
        }
    }
}

/// Sends a list; `None` where the session did not take it.
fn push(session: &Session, list: &str) -> Option<Receipt> {
    match session.try_send(list) {
        Ok(receipt) => Some(receipt),
        Err(error) => {
            if matches!(error.kind, SendErrorKind::TooLarge { .. }) {
                let reason = "list: it is longer than the messages that this client takes";
                session.close(CloseCode::TOO_LARGE, reason);
            }
            // Full: the next list may fit. Closed: the stream of messages ends, and the watcher with it.
            None
        }
    }
}
