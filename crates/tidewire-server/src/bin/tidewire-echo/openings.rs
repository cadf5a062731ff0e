//! `/openings/NAME`: how a request to `/message?watch=NAME` was opened and answered, as it went over the wire.
//!
//! The HTTP library hands on names in lower case and keeps to itself what it writes, so both heads are taken from the
//! connection. Where the request is not found there (it came behind another one that was not answered yet), it is written
//! anew from what the library made of it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use serde::Serialize;

use crate::app::App;
use crate::clock;
use crate::faults::AnswerHead;
use crate::head::{self, Head};

/// Openings that are kept; the oldest goes when there are more.
const MOST: usize = 32;
/// Longest name.
const MAX_NAME: usize = 64;

/// The openings that were watched last.
#[derive(Clone, Default)]
pub(crate) struct Openings {
    list: Arc<Mutex<VecDeque<Opening>>>,
}

struct Opening {
    name: String,
    /// When the request was read, in milliseconds since 1970.
    seen: f64,
    request: Head,
    answer: AnswerHead,
}

/// An opening as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    request: Head,
    /// None while the server has not answered.
    response: Option<Head>,
    seen: f64,
}

impl Openings {
    /// Keeps an opening, in place of an older one of that name.
    fn keep(&self, opening: Opening) {
        let mut list = self.lock();
        list.retain(|other| other.name != opening.name);
        list.push_back(opening);
        if list.len() > MOST {
            list.pop_front();
        }
    }

    fn show(&self, name: &str) -> Option<Shown> {
        let list = self.lock();
        let opening = list.iter().find(|opening| opening.name == name)?;
        Some(Shown {
            request: opening.request.clone(),
            response: opening.answer.get().and_then(|head| Head::read(head)),
            seen: opening.seen,
        })
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Opening>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes requests that are watched, before anything else happens to them.
pub(crate) async fn record(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::GET || request.uri().path() != "/message" {
        return next.run(request).await;
    }
    let Some(name) = request.uri().query().and_then(watch).map(str::to_owned) else {
        return next.run(request).await;
    };
    // Other people's pages cannot fill the list; and where nothing gets through, nothing is read.
    if app.check(&request).is_err() || app.faults.is_unreachable() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let answer = AnswerHead::default();
    let heard = app.faults.listen_in(peer, &answer);
    let line = head::request_line(&parts);
    let head = heard
        .and_then(|bytes| Head::read(&bytes))
        .filter(|head| head.line() == line)
        .or_else(|| Head::read(&head::rebuild(&parts)));
    if let Some(request) = head {
        app.openings.keep(Opening {
            name,
            seen: clock::now(),
            request,
            answer,
        });
    }
    next.run(Request::from_parts(parts, body)).await
}

/// The name under which a request is watched; `None` where it is not, or where that is no name.
fn watch(query: &str) -> Option<&str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, name) = pairs.into_iter().find(|(key, _)| *key == "watch")?;
    let is_name = (1..=MAX_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    is_name.then_some(name)
}

/// Shows an opening.
pub(crate) async fn show(State(app): State<App>, Path(name): Path<String>) -> Response {
    match app.openings.show(&name) {
        Some(shown) => Json(shown).into_response(),
        None => {
            let reason = "no such opening: open /message?watch=NAME first, with a name of 1 to 64 letters, digits, - and _; \
                          the latest 32 are kept\n";
            (StatusCode::NOT_FOUND, reason).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_few_plain_letters() {
        let longest = "a".repeat(MAX_NAME);
        assert_eq!(watch(&format!("watch={longest}")), Some(longest.as_str()));
        assert_eq!(watch("other=1&watch=A-z_9&more"), Some("A-z_9"));
        for query in [
            "",
            "watch",
            "watch=",
            "watch=a%20b",
            "watch=a.b",
            "watcher=a",
            &format!("watch={longest}a"),
        ] {
            assert_eq!(watch(query), None, "{query}");
        }
    }

    #[test]
    fn the_latest_are_kept_and_a_name_counts_once() {
        let openings = Openings::default();
        let request = Head::read(b"GET /message?watch=x HTTP/1.1\r\n\r\n").expect("a head");
        for number in 0..10_000_u32 {
            for name in [number.to_string(), "again".to_owned()] {
                openings.keep(Opening {
                    name,
                    seen: f64::from(number),
                    request: request.clone(),
                    answer: AnswerHead::default(),
                });
            }
        }
        assert_eq!(openings.lock().len(), MOST);
        assert!(openings.show("9968").is_none());
        assert!(openings.show("9969").is_some());
        let again = openings.show("again").expect("the latest");
        assert!((again.seen, again.response) == (9_999.0, None));
    }
}
