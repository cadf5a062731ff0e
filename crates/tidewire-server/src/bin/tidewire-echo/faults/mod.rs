//! Misbehaviour on demand: what networks, proxies and servers do to a client, made repeatable for tests and for the demo.

mod connection;
mod control;
mod inject;
mod kind;
mod outage;
mod tap;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

pub(crate) use connection::FaultyListener;
pub(crate) use control::{order, show};
pub(crate) use inject::inject;
pub(crate) use kind::{FaultFlag, FaultKind, Setting};
pub(crate) use tap::AnswerHead;

use connection::Connections;

/// The faults of a running server.
#[derive(Clone)]
pub(crate) struct Faults {
    inner: Arc<Inner>,
}

struct Inner {
    table: Mutex<Table>,
    connections: Connections,
    /// What the cutting task goes by.
    interval: watch::Sender<Option<Duration>>,
    /// When the outage ends, while there is one.
    outage: watch::Sender<Option<Instant>>,
}

#[derive(Default)]
struct Table {
    active: BTreeMap<FaultKind, Active>,
    /// How often each fault has happened since the start.
    hits: BTreeMap<FaultKind, u64>,
}

struct Active {
    setting: Setting,
    /// Occasions since it was set.
    occasions: u64,
}

impl Faults {
    /// No faults yet. Needs a tokio runtime, for the tasks that cut in intervals and end outages.
    pub(crate) fn new() -> Self {
        let faults = Self {
            inner: Arc::new(Inner {
                table: Mutex::default(),
                connections: Connections::default(),
                interval: watch::Sender::new(None),
                outage: watch::Sender::new(None),
            }),
        };
        tokio::spawn(faults.clone().cut_in_intervals());
        tokio::spawn(faults.clone().end_outages());
        faults
    }

    pub(crate) fn set(&self, kind: FaultKind, setting: Setting) {
        self.lock().active.insert(
            kind,
            Active {
                setting,
                occasions: 0,
            },
        );
        self.apply_spans();
        if kind == FaultKind::Unreachable {
            self.begin_outage(setting.span());
        }
    }

    fn clear(&self, kind: FaultKind) {
        self.lock().active.remove(&kind);
        self.apply_spans();
        if kind == FaultKind::Unreachable {
            self.end_outage();
        }
    }

    fn clear_all(&self) {
        self.lock().active.clear();
        self.apply_spans();
        self.end_outage();
        self.inner.connections.lift();
    }

    /// Whether a fault happens on this occasion; counts it when it does.
    fn strikes(&self, kind: FaultKind) -> Option<Setting> {
        let mut table = self.lock();
        let active = table.active.get_mut(&kind)?;
        active.occasions += 1;
        if !active.occasions.is_multiple_of(active.setting.every) {
            return None;
        }
        let setting = active.setting;
        let over = match &mut active.setting.times {
            None => false,
            Some(0) => return None,
            Some(times) => {
                *times -= 1;
                *times == 0
            }
        };
        if over {
            table.active.remove(&kind);
        }
        *table.hits.entry(kind).or_default() += 1;
        drop(table);
        if over {
            self.apply_spans();
        }
        Some(setting)
    }

    /// Counts that a fault has happened.
    fn hit(&self, kind: FaultKind, times: usize) {
        let times = u64::try_from(times).unwrap_or(u64::MAX);
        let mut table = self.lock();
        let hits = table.hits.entry(kind).or_default();
        *hits = hits.saturating_add(times);
    }

    /// Takes note of the answer that the connection of `peer` gets next, and returns the head of the request that it answers,
    /// where that was heard.
    pub(crate) fn listen_in(&self, peer: SocketAddr, answer: &AnswerHead) -> Option<Vec<u8>> {
        self.inner.connections.listen_in(peer, answer)
    }

    /// A message came in over the connection of `peer`.
    pub(crate) fn count_message(&self, peer: Option<SocketAddr>) {
        if self.strikes(FaultKind::CutMessages).is_some()
            && let Some(peer) = peer
        {
            self.inner.connections.cut(peer);
        }
    }

    fn apply_spans(&self) {
        let table = self.lock();
        let span = |kind| {
            table
                .active
                .get(&kind)
                .map(|active: &Active| active.setting.span())
        };
        let (interval, delay) = (span(FaultKind::CutInterval), span(FaultKind::Delay));
        drop(table);
        self.inner
            .interval
            .send_if_modified(|current| std::mem::replace(current, interval) != interval);
        self.inner.connections.set_delay(delay);
    }

    async fn cut_in_intervals(self) {
        let mut interval = self.inner.interval.subscribe();
        loop {
            let span = *interval.borrow_and_update();
            let due = async {
                match span {
                    Some(span) => tokio::time::sleep(span).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = interval.changed() => if changed.is_err() { return },
                () = due => if self.strikes(FaultKind::CutInterval).is_some() {
                    self.inner.connections.cut_all();
                },
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.inner
            .table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fault_strikes_each_nth_time_and_as_often_as_asked() {
        let faults = Faults::new();
        let setting = Setting {
            every: 3,
            times: Some(2),
            ..Setting::default()
        };
        faults.set(FaultKind::DropResponses, setting);
        let strikes: Vec<bool> = (0..9)
            .map(|_| faults.strikes(FaultKind::DropResponses).is_some())
            .collect();
        assert_eq!(
            strikes,
            [false, false, true, false, false, true, false, false, false]
        );
        assert_eq!(faults.lock().hits.get(&FaultKind::DropResponses), Some(&2));
        assert!(faults.lock().active.is_empty());
    }
}
