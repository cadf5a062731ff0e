//! `/news`: the server speaks and clients only listen. Faults do not reach it, so that there is always something to
//! compare with.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Serialize;
use tidewire_server::{Broadcast, Hub, Session};
use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::{clock, head};

/// The source of news, and who listens.
#[derive(Clone)]
pub(crate) struct News {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Hub,
    /// Held while an item is made and handed out, so that numbers arrive in their order.
    latest: Mutex<Option<Item>>,
}

/// One message.
#[derive(Clone, Debug, Serialize)]
struct Item {
    /// One more than that of the item before, of whatever kind; the first of a process is 1.
    number: u64,
    /// When it was made: the server's wall clock in milliseconds since 1970.
    at: f64,
    kind: Kind,
    text: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Somebody asked for it, by `/broadcast`.
    Push,
    /// The ticker.
    Tick,
}

impl News {
    pub(crate) fn new(hub: Hub) -> Self {
        let latest = Mutex::default();
        Self {
            inner: Arc::new(Inner { hub, latest }),
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    /// Makes an item and hands it to everybody who listens.
    pub(crate) fn make(&self, kind: Kind, text: String) -> Broadcast {
        let mut latest = self
            .inner
            .latest
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let item = Item {
            number: latest.as_ref().map_or(1, |item| item.number + 1),
            at: clock::now(),
            kind,
            text,
        };
        let message = serde_json::to_string(&item);
        *latest = Some(item);
        match message {
            Ok(message) => self.inner.hub.broadcast(message),
            Err(error) => {
                tracing::error!(%error, "an item of news cannot be written");
                Broadcast::default()
            }
        }
    }

    fn latest(&self) -> Option<Item> {
        let latest = self.inner.latest.lock();
        latest.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes an item each `pause`, whether or not anybody listens; none where it is zero.
    pub(crate) async fn tick(self, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        let mut ticks = tokio::time::interval(pause);
        // A machine that slept says once that it is awake, and not once for each second that it missed.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            self.make(Kind::Tick, String::new());
        }
    }
}

/// Serves every listener until the hub shuts down.
pub(crate) async fn serve_all(app: App) {
    let hub = app.news.hub().clone();
    hub.run(move |session| listen(session, app.clone())).await;
}

/// Takes what a listener says, so that it is acknowledged, and leaves it at that.
async fn listen(mut session: Session, app: App) {
    while session.next().await.is_some() {
        app.board.count();
    }
}

/// What `/news/latest` answers: era one of the web, where a client knows what it asked for.
#[derive(Debug, Serialize)]
struct Latest {
    /// The server's clock now, as in [`Item::at`].
    now: f64,
    latest: Option<Item>,
    /// Length of the request's head.
    request_bytes: usize,
}

/// Answers at once with what is the latest.
pub(crate) async fn latest(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let request_bytes = head::rebuild(&parts).len();
    let latest = app.news.latest();
    Json(Latest {
        now: clock::now(),
        latest,
        request_bytes,
    })
    .into_response()
}
