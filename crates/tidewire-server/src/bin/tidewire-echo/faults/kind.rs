//! The lasting faults: their names, how each happens, and how the command line says so.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// What arrives on a WebSocket is read `millis` later, and a request is handled later; `every` and `times` count requests.
    Delay,
    /// The answer to every `every`-th request is lost: the server has handled it, then resets the connection.
    DropResponses,
    /// Every `every`-th request is handled twice, as when a proxy repeats it; the second answer is sent.
    DuplicateRequests,
    /// WebSocket handshakes are answered with `status`.
    RefuseUpgrades,
    /// WebSocket handshakes succeed, and then nothing is said or heard.
    SilentUpgrades,
    /// For `millis`, nothing gets through: what is open is frozen, and what is asked is not answered. Then all of that is
    /// reset, so that clients try again at once. `every` and `times` mean nothing to it.
    Unreachable,
}

impl FaultKind {
    pub(super) const ALL: [Self; 10] = [
        Self::BlackHoleUpgrades,
        Self::BufferPolls,
        Self::CutInterval,
        Self::CutMessages,
        Self::Delay,
        Self::DropResponses,
        Self::DuplicateRequests,
        Self::RefuseUpgrades,
        Self::SilentUpgrades,
        Self::Unreachable,
    ];

    pub(super) const fn name(self) -> &'static str {
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
            Self::Unreachable => "unreachable",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How a fault happens.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Setting {
    /// A span of time. Default 1,000.
    pub(super) millis: u64,
    /// Which of several: each first, second, third. Default 1: each.
    pub(super) every: u64,
    /// The HTTP status of a refusal. Default 503.
    pub(super) status: u16,
    /// How often it happens before it is over. Default none: until it is cleared.
    pub(super) times: Option<u64>,
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
    pub(super) fn check(&self) -> Result<(), &'static str> {
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

    pub(super) fn span(&self) -> Duration {
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
}
