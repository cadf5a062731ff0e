//! What one era costs and how old its news is, measured from its own traffic.

mod rate;
mod reading;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use super::news::News;
use rate::a_minute;
pub(crate) use reading::{Frame, Reading, Request, Shown, Totals, Traffic};

/// The span that a timeline shows, in milliseconds.
pub(crate) const WINDOW: f64 = 20_000.0;

/// Marks that are kept; a busier era loses its oldest ones first.
const MAX_MARKS: usize = 400;

/// Traffic is summed over so many milliseconds.
const SECOND: f64 = 1_000.0;

/// News whose age when shown is remembered, for the median.
const MAX_AGES: usize = 21;

/// A meter; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Meter(Rc<RefCell<Inside>>);

#[derive(Default)]
struct Inside {
    /// Arrived, and not yet drawn.
    pending: VecDeque<News>,
    shown: VecDeque<Shown>,
    requests: VecDeque<Request>,
    pace: Option<u64>,
    /// When the pace last changed, in milliseconds of the page.
    pace_since: f64,
    open: Vec<Open>,
    forgotten: u64,
    frames: VecDeque<Frame>,
    ages: VecDeque<f64>,
    newest: Option<News>,
    /// Sums of a second each, by its beginning.
    recent: VecDeque<(f64, Traffic)>,
    totals: Totals,
}

/// A request that is under way.
struct Open {
    id: u64,
    /// Where it is in `requests`, counted from the first request ever.
    place: u64,
    bytes_up: u64,
}

impl Meter {
    /// An item arrived. What was seen before, or is older, is no news; what is, is shown, and counted if it `is_counted`.
    pub(crate) fn arrived(&self, now: f64, news: News, is_counted: bool) {
        let mut inside = self.0.borrow_mut();
        let last = inside.pending.back().or(inside.newest.as_ref());
        if last.is_some_and(|last| last.at >= news.at) {
            return;
        }
        let messages = u64::from(is_counted);
        inside.totals.messages += messages;
        inside.note(
            now,
            Traffic {
                messages,
                ..Traffic::default()
            },
        );
        push(&mut inside.pending, news, MAX_MARKS);
    }

    /// Requests come each so many milliseconds, from now on where that is another pace than before.
    pub(crate) fn paced(&self, now: f64, each: u64) {
        let mut inside = self.0.borrow_mut();
        if inside
            .pace
            .replace(each)
            .is_some_and(|before| before != each)
        {
            inside.pace_since = now;
        }
    }

    pub(crate) fn request_started(&self, now: f64, id: u64, bytes: u64) {
        let mut inside = self.0.borrow_mut();
        inside.totals.requests += 1;
        let place = inside.forgotten + inside.requests.len() as u64;
        inside.open.push(Open {
            id,
            place,
            bytes_up: bytes,
        });
        inside.requests.push_back(Request {
            start: now,
            end: None,
        });
        if inside.requests.len() > MAX_MARKS {
            inside.requests.pop_front();
            inside.forgotten += 1;
        }
    }

    /// The request ended, whatever came of it.
    pub(crate) fn request_ended(&self, now: f64, id: u64, bytes: u64) {
        let mut inside = self.0.borrow_mut();
        let open = inside.open.iter().position(|open| open.id == id);
        let Some(open) = open.map(|index| inside.open.swap_remove(index)) else {
            return;
        };
        inside.note(
            now,
            Traffic {
                messages: 0,
                bytes_up: open.bytes_up,
                bytes_down: bytes,
            },
        );
        let index = open.place.checked_sub(inside.forgotten);
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some(request) = index.and_then(|index| inside.requests.get_mut(index)) {
            request.end = Some(now);
        }
    }

    pub(crate) fn frame(&self, now: f64, is_up: bool, bytes: u64) {
        let mut inside = self.0.borrow_mut();
        let (bytes_up, bytes_down) = if is_up { (bytes, 0) } else { (0, bytes) };
        inside.note(
            now,
            Traffic {
                messages: 0,
                bytes_up,
                bytes_down,
            },
        );
        push(&mut inside.frames, Frame { at: now, is_up }, MAX_MARKS);
    }

    /// The browser opened a connection for this era.
    pub(crate) fn connected(&self) {
        let mut inside = self.0.borrow_mut();
        *inside.totals.connections.get_or_insert(0) += 1;
    }

    /// The browser tells of connections; until one is opened there are none.
    pub(crate) fn counts_connections(&self) {
        self.0.borrow_mut().totals.connections.get_or_insert(0);
    }

    pub(crate) fn round_trip(&self, span: Duration) {
        self.0.borrow_mut().totals.round_trip = span;
    }

    /// What is to be drawn at `now`. News that arrived is drawn with this, so its age is taken here; `to_page` turns the
    /// server's clock into the page's.
    pub(crate) fn read(&self, now: f64, to_page: impl Fn(f64) -> f64) -> Reading {
        let mut inside = self.0.borrow_mut();
        while let Some(news) = inside.pending.pop_front() {
            let made = to_page(news.at);
            push(&mut inside.shown, Shown { made, shown: now }, MAX_MARKS);
            push(&mut inside.ages, (now - made).max(0.0), MAX_AGES);
            inside.newest = Some(news);
        }
        let since = now - WINDOW;
        Reading {
            shown: inside
                .shown
                .iter()
                .filter(|shown| shown.shown >= since)
                .copied()
                .collect(),
            requests: inside
                .requests
                .iter()
                .filter(|request| request.end.is_none_or(|end| end >= since))
                .copied()
                .collect(),
            frames: inside
                .frames
                .iter()
                .filter(|frame| frame.at >= since)
                .copied()
                .collect(),
            totals: inside.totals,
            recent: inside
                .recent
                .iter()
                .fold(Traffic::default(), |sum, (_, one)| sum.plus(*one)),
            typical_age: median(&inside.ages),
            requests_a_minute: a_minute(&inside.requests, inside.pace_since, now),
            newest: inside.newest,
        }
    }
}

impl Inside {
    fn note(&mut self, now: f64, traffic: Traffic) {
        while self
            .recent
            .front()
            .is_some_and(|(at, _)| *at < now - WINDOW)
        {
            self.recent.pop_front();
        }
        match self.recent.back_mut() {
            Some((since, sum)) if now < *since + SECOND => *sum = sum.plus(traffic),
            _ => self.recent.push_back((now, traffic)),
        }
    }
}

impl PartialEq for Meter {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

fn push<T>(row: &mut VecDeque<T>, item: T, most: usize) {
    row.push_back(item);
    if row.len() > most {
        row.pop_front();
    }
}

fn median(ages: &VecDeque<f64>) -> Option<f64> {
    // So few that looking for it is as good as sorting, and less code in the page.
    let below = |age: f64| ages.iter().filter(|other| **other < age).count();
    let above = |age: f64| ages.iter().filter(|other| **other > age).count();
    let half = ages.len() / 2;
    let mut all = ages.iter().copied();
    all.find(|age| below(*age) <= half && above(*age) < ages.len() - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(number: u64, at: f64) -> News {
        News { number, at }
    }

    #[test]
    fn the_age_of_news_is_taken_when_it_is_drawn() {
        let meter = Meter::default();
        meter.arrived(0.0, news(1, 1_000.0), true);
        let reading = meter.read(250.0, |at| at - 900.0);
        assert_eq!(reading.typical_age, Some(150.0));
    }

    #[test]
    fn the_same_news_counts_once() {
        let meter = Meter::default();
        meter.arrived(0.0, news(4, 1.0), true);
        meter.arrived(0.0, news(4, 1.0), true);
        assert_eq!(meter.read(1.0, |at| at).totals.messages, 1);
        meter.arrived(0.0, news(4, 1.0), true);
        meter.arrived(0.0, news(5, 2.0), true);
        assert_eq!(meter.read(2.0, |at| at).totals.messages, 2);
    }

    #[test]
    fn what_was_made_before_the_page_began_is_shown_and_not_counted() {
        let meter = Meter::default();
        meter.arrived(0.0, news(1, 1.0), false);
        let reading = meter.read(2.0, |at| at);
        assert_eq!((reading.shown.len(), reading.totals.messages), (1, 0));
    }

    #[test]
    fn the_typical_age_is_the_median() {
        let meter = Meter::default();
        for (number, at) in [(1, 20.0), (2, 98.0), (3, 99.0)] {
            meter.arrived(0.0, news(number, at), true);
        }
        assert_eq!(meter.read(100.0, |at| at).typical_age, Some(2.0));
    }

    #[test]
    fn a_request_is_a_bar_from_its_start_to_its_end() {
        let meter = Meter::default();
        meter.request_started(10.0, 7, 40);
        meter.request_started(11.0, 8, 2);
        meter.request_ended(30.0, 7, 5);
        let reading = meter.read(31.0, |at| at);
        let bars: Vec<_> = reading.requests.iter().map(|bar| bar.end).collect();
        assert_eq!(bars, [Some(30.0), None]);
    }

    #[test]
    fn recent_traffic_is_that_of_the_window_with_whole_requests() {
        let meter = Meter::default();
        let recent = || {
            let Traffic {
                messages,
                bytes_up,
                bytes_down,
            } = meter.read(0.0, |at| at).recent;
            (messages, bytes_up, bytes_down)
        };
        meter.request_started(0.0, 1, 40);
        assert_eq!(recent(), (0, 0, 0));
        meter.request_ended(10.0, 1, 5);
        meter.arrived(10.0, news(1, 1.0), true);
        assert_eq!(recent(), (1, 40, 5));
        meter.frame(WINDOW, true, 2);
        meter.frame(WINDOW, false, 3);
        assert_eq!(recent(), (1, 42, 8));
        meter.arrived(WINDOW + 11.0, news(2, 2.0), true);
        assert_eq!(recent(), (1, 2, 3));
    }

    #[test]
    fn recent_traffic_is_whole_in_a_busy_era() {
        let meter = Meter::default();
        for at in 0..19_000 {
            meter.frame(f64::from(at), true, 2);
        }
        assert_eq!(meter.read(19_000.0, |at| at).recent.bytes_up, 38_000);
    }

    #[test]
    fn what_left_the_window_is_not_drawn_and_marks_are_bounded() {
        let meter = Meter::default();
        for id in 0..1_000 {
            meter.request_started(id as f64, id, 0);
            meter.request_ended(id as f64 + 0.5, id, 0);
            meter.frame(id as f64, true, 1);
        }
        let reading = meter.read(1_000.0, |at| at);
        assert!(reading.requests.len() <= MAX_MARKS);
        assert!(reading.requests.iter().all(|request| request.end.is_some()));
        assert_eq!(reading.totals.requests, 1_000);
        let later = meter.read(1_000.0 + WINDOW * 2.0, |at| at);
        assert!(later.requests.is_empty() && later.frames.is_empty());
    }

    #[test]
    fn an_end_that_comes_after_its_bar_was_forgotten_is_ignored() {
        let meter = Meter::default();
        meter.request_started(0.0, 0, 0);
        for id in 1..=MAX_MARKS as u64 {
            meter.request_started(1.0, id, 0);
        }
        meter.request_ended(2.0, 0, 3);
        let reading = meter.read(3.0, |at| at);
        assert!(reading.requests.iter().all(|request| request.end.is_none()));
    }
}
