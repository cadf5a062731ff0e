//! `/numbers/TAG`: what this end makes of numbered messages.
//!
//! A message `TAG-NUMBER TEXT` is counted under its tag (1 to 32 of `[0-9a-z]`), over `/live` and over `/message`: whether its number
//! came in turn, again, or late, and which numbers were passed over. So a page can compare what it sent with what arrived.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use crate::app::App;

/// Tags that are remembered; the one that was first seen longest ago goes first.
const MAX_TAGS: usize = 64;
/// Longest tag in bytes.
const MAX_TAG: usize = 32;
/// Numbers that are remembered as passed over, of each tag, the newest.
const MAX_MISSING: usize = 10_000;

/// The tags that were seen.
#[derive(Clone, Default)]
pub(crate) struct Numbers {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    tags: BTreeMap<String, Tally>,
    order: VecDeque<String>,
}

/// What became of the numbers of one tag.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
struct Tally {
    /// The first number that came; above 1 where the one before came to an earlier process, or never.
    first: u64,
    /// Messages whose number was above all before it.
    in_order: u64,
    /// Numbers passed over and not seen since, the newest of them.
    missing: BTreeSet<u64>,
    /// All that were passed over and not seen since.
    missing_count: u64,
    /// Messages whose number had been seen.
    duplicated: u64,
    /// Messages whose number came after a higher one.
    reordered: u64,
    #[serde(skip)]
    highest: u64,
}

impl Numbers {
    /// Counts a message, if it is a numbered one.
    pub(crate) fn count(&self, message: &str) {
        let Some((tag, number)) = read(message) else {
            return;
        };
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !inner.tags.contains_key(tag) {
            inner.order.push_back(tag.to_owned());
            if inner.order.len() > MAX_TAGS
                && let Some(oldest) = inner.order.pop_front()
            {
                inner.tags.remove(&oldest);
            }
        }
        inner.tags.entry(tag.to_owned()).or_default().count(number);
    }

    fn tally(&self, tag: &str) -> Option<Tally> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.tags.get(tag).cloned()
    }
}

impl Tally {
    /// Numbers begin at 1; the first one of a tag may be any, since a client may have begun elsewhere.
    fn count(&mut self, number: u64) {
        if number > self.highest {
            if self.highest > 0 {
                self.pass_over(self.highest + 1, number);
            } else {
                self.first = number;
            }
            self.highest = number;
            self.in_order += 1;
        } else if self.missing.remove(&number) {
            self.missing_count -= 1;
            self.reordered += 1;
        } else {
            self.duplicated += 1;
        }
    }

    fn pass_over(&mut self, from: u64, until: u64) {
        self.missing_count = self.missing_count.saturating_add(until - from);
        let newest = until.saturating_sub(MAX_MISSING as u64).max(from);
        self.missing.extend(newest..until);
        while self.missing.len() > MAX_MISSING {
            self.missing.pop_first();
        }
    }
}

/// The tag and the number of a numbered message.
fn read(message: &str) -> Option<(&str, u64)> {
    let (tag, rest) = message.split_once('-')?;
    let is_tag = (1..=MAX_TAG).contains(&tag.len())
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    let (number, _) = rest.split_once(' ')?;
    let number = number.parse().ok().filter(|number| *number > 0)?;
    is_tag.then_some((tag, number))
}

/// The tally of a tag; of one that was not seen, an empty one would be as true as none: 404.
pub(crate) async fn show(State(app): State<App>, Path(tag): Path<String>) -> Response {
    match app.numbers.tally(&tag) {
        Some(tally) => Json(tally).into_response(),
        None => (StatusCode::NOT_FOUND, "no message with this tag was seen\n").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally_of(numbers: &[u64]) -> Tally {
        let mut tally = Tally::default();
        for number in numbers {
            tally.count(*number);
        }
        tally
    }

    #[test]
    fn numbers_are_in_order_missing_late_or_repeated() {
        let tally = tally_of(&[1, 2, 5, 4, 5]);
        assert_eq!(
            (tally.in_order, tally.reordered, tally.duplicated),
            (3, 1, 1)
        );
        assert_eq!(tally.missing, BTreeSet::from([3]));
        assert_eq!(tally.missing_count, 1);
    }

    #[test]
    fn a_client_may_begin_with_any_number() {
        let tally = tally_of(&[70, 71]);
        assert_eq!((tally.first, tally.missing_count), (70, 0));
    }

    #[test]
    fn a_leap_costs_bounded_memory_and_time() {
        let tally = tally_of(&[1, u64::MAX]);
        assert_eq!(tally.missing.len(), MAX_MISSING);
        assert_eq!(tally.missing_count, u64::MAX - 2);
    }

    #[test]
    fn only_numbered_messages_have_a_tag() {
        assert_eq!(read("0a-17 hello"), Some(("0a", 17)));
        for message in [
            "", "hello", "-1 x", "0a-0 x", "0a-x y", "0A-1 x", "0a-1", "0a--1 x",
        ] {
            assert_eq!(read(message), None, "{message}");
        }
    }

    #[test]
    fn the_oldest_tag_makes_room() {
        let numbers = Numbers::default();
        for tag in 0..=MAX_TAGS {
            numbers.count(&format!("{tag:x}-1 x"));
        }
        assert_eq!(numbers.tally("0"), None);
        assert!(numbers.tally("1").is_some());
    }
}
