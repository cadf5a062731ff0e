//! Misbehaviour on demand: what networks, proxies and servers do to a client, made repeatable for tests and for the demo.

mod connection;
mod control;
mod inject;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub(crate) use connection::FaultyListener;
pub(crate) use control::{order, show};
pub(crate) use inject::inject;

use connection::Connections;

/// A lasting fault, until it is cleared or has happened often enough.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    /// WebSocket handshakes are never answered.
    BlackHoleUpgrades,
    /// Answers that were held for a while come later still, as through a buffering proxy. Uses `millis`.
    BufferPolls,
    /// Every `millis`, all connections that carry something are reset.
    CutInterval,
    /// After every `every` messages, the connection that brought the last one is reset.
    CutMessages,
    /// What arrives on carrying connections is read `millis` later.
    Delay,
    /// The answer to every `every`-th request is lost: the server has handled it, then resets the connection.
    DropResponses,
    /// Every `every`-th request is handled twice, as when a proxy repeats it; the second answer is sent.
    DuplicateRequests,
    /// WebSocket handshakes are answered with `status`.
    RefuseUpgrades,
    /// WebSocket handshakes succeed, and then nothing is said or heard.
    SilentUpgrades,
}

impl FaultKind {
    const ALL: [Self; 9] = [
        Self::BlackHoleUpgrades,
        Self::BufferPolls,
        Self::CutInterval,
        Self::CutMessages,
        Self::Delay,
        Self::DropResponses,
        Self::DuplicateRequests,
        Self::RefuseUpgrades,
        Self::SilentUpgrades,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::BlackHoleUpgrades => "black-hole-upgrades",
            Self::BufferPolls => "buffer-polls",
            Self::CutInterval => "cut-interval",
            Self::CutMessages => "cut-messages",
            Self::Delay => "delay",
            Self::DropResponses => "drop-responses",
            Self::DuplicateRequests => "duplicate-requests",
            Self::RefuseUpgrades => "refuse-upgrades",
            Self::SilentUpgrades => "silent-upgrades",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How a fault happens.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Setting {
    /// A span of time. Default 1,000.
    millis: u64,
    /// Which of several: each first, second, third. Default 1: each.
    every: u64,
    /// The HTTP status of a refusal. Default 503.
    status: u16,
    /// How often it happens before it is over. Default none: until it is cleared.
    times: Option<u64>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            millis: 1_000,
            every: 1,
            status: 503,
            times: None,
        }
    }
}

impl Setting {
    /// Names the value that makes no sense.
    fn check(&self) -> Result<(), &'static str> {
        if self.millis == 0 {
            return Err("millis must be above 0");
        }
        if self.every == 0 {
            return Err("every must be above 0");
        }
        if !(400..=599).contains(&self.status) {
            return Err("status must be between 400 and 599");
        }
        Ok(())
    }

    fn span(&self) -> Duration {
        Duration::from_millis(self.millis)
    }
}

/// A fault on the command line: `NAME` or `NAME:key=value,key=value`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultFlag {
    pub(crate) kind: FaultKind,
    pub(crate) setting: Setting,
}

impl FromStr for FaultFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, pairs) = text.split_once(':').unwrap_or((text, ""));
        let kind = FaultKind::from_name(name).ok_or_else(|| {
            format!(
                "there is no fault `{name}`; there are {}",
                FaultKind::ALL.map(FaultKind::name).join(", ")
            )
        })?;
        let mut setting = Setting::default();
        for pair in pairs.split(',').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("`{pair}` is not key=value"))?;
            let number: u64 = value
                .parse()
                .map_err(|_| format!("`{value}` is not a number"))?;
            match key {
                "millis" => setting.millis = number,
                "every" => setting.every = number,
                "status" => setting.status = u16::try_from(number).unwrap_or(0),
                "times" => setting.times = Some(number),
                _ => {
                    return Err(format!(
                        "there is no `{key}`; there are millis, every, status, times"
                    ));
                }
            }
        }
        setting.check()?;
        Ok(Self { kind, setting })
    }
}

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
    /// No faults yet. Needs a tokio runtime, for the task that cuts in intervals.
    pub(crate) fn new() -> Self {
        let faults = Self {
            inner: Arc::new(Inner {
                table: Mutex::default(),
                connections: Connections::default(),
                interval: watch::Sender::new(None),
            }),
        };
        tokio::spawn(faults.clone().cut_in_intervals());
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
    }

    fn clear(&self, kind: FaultKind) {
        self.lock().active.remove(&kind);
        self.apply_spans();
    }

    fn clear_all(&self) {
        self.lock().active.clear();
        self.apply_spans();
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

    #[test]
    fn every_fault_has_one_name_everywhere() {
        for kind in FaultKind::ALL {
            let name = serde_json::to_value(kind).expect("a name");
            assert_eq!(name, kind.name());
            assert_eq!(kind.name().parse::<FaultFlag>().expect("a flag").kind, kind);
        }
    }

    #[test]
    fn a_flag_sets_what_it_names() {
        let flag: FaultFlag = "refuse-upgrades:status=429,times=2"
            .parse()
            .expect("a flag");
        assert_eq!(flag.kind, FaultKind::RefuseUpgrades);
        assert_eq!(
            flag.setting,
            Setting {
                status: 429,
                times: Some(2),
                ..Setting::default()
            }
        );
        for text in [
            "",
            "nothing",
            "delay:0",
            "delay:millis=0",
            "delay:colour=1",
            "refuse-upgrades:status=200",
        ] {
            assert!(text.parse::<FaultFlag>().is_err(), "{text}");
        }
    }

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
