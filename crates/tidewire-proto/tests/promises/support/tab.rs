//! A client and the application that uses it.

use core::time::Duration;

use tidewire_proto::{
    Client, ClientConfig, Event, Payload, Reason, SessionKey, SessionNumber, Timestamp,
};

/// One client with its application.
#[derive(Debug)]
pub(crate) struct Tab {
    pub(crate) client: Client,
    pub(crate) provider: Provider,
    /// Whether the application takes each message at once.
    pub(crate) takes: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) heard: Vec<Payload>,
    /// When the provider was asked, and whether for fresh credentials.
    pub(crate) prepared: Vec<(Timestamp, bool)>,
    /// When handshakes began.
    pub(crate) handshakes: Vec<Timestamp>,
    /// When requests began, and whether they may be held.
    pub(crate) requests: Vec<(Timestamp, bool)>,
    /// Sockets closed and requests aborted.
    pub(crate) undone: Vec<Timestamp>,
    /// When timers fired.
    pub(crate) fired: Vec<Timestamp>,
    /// Why timers were armed, and for when.
    pub(crate) timers: Vec<(Timestamp, Reason)>,
    /// The browser holds timers back until the next multiple of this.
    pub(crate) throttle: Option<Duration>,
    pub(super) timer: Option<Timestamp>,
    pub(super) frozen_until: Timestamp,
    untaken: Vec<SessionNumber>,
}

/// The application's provider of URL and credentials.
#[derive(Clone, Debug)]
pub(crate) enum Provider {
    Fails,
    Gives(&'static str),
    /// It never answers.
    Silent,
}

impl Tab {
    pub(super) fn new(config: ClientConfig, seed: u64, key: Option<SessionKey>) -> Self {
        let entropy = Box::new(seeded(seed));
        let client = match key {
            Some(key) => Client::with_key(config, entropy, key),
            None => Client::new(config, entropy),
        };
        Self {
            client: client.expect("the settings of a test make sense"),
            provider: Provider::Gives(""),
            takes: true,
            events: Vec::new(),
            heard: Vec::new(),
            prepared: Vec::new(),
            handshakes: Vec::new(),
            requests: Vec::new(),
            undone: Vec::new(),
            fired: Vec::new(),
            timers: Vec::new(),
            throttle: None,
            timer: None,
            frozen_until: Timestamp::ZERO,
            untaken: Vec::new(),
        }
    }

    /// Arms one timer; only a change counts.
    pub(super) fn arm(&mut self) {
        let next = self.client.poll_timeout();
        let deadline = next.map(|(deadline, _)| deadline);
        if let Some((deadline, reason)) = next
            && self.timers.last() != Some(&(deadline, reason))
        {
            self.timers.push((deadline, reason));
        }
        self.timer = deadline.map(|deadline| match self.throttle {
            Some(step) => {
                let step = step.as_millis() as u64;
                Timestamp::from_millis(deadline.as_millis().div_ceil(step) * step)
            }
            None => deadline,
        });
    }

    pub(super) fn hear(&mut self, now: Timestamp, event: Event) {
        if let Event::Message { session, payload } = &event {
            self.heard.push(payload.clone());
            if self.takes {
                self.client.consumed(now, *session, 1);
            } else {
                self.untaken.push(*session);
            }
        }
        self.events.push(event);
    }

    /// The application takes what it was brought so far.
    pub(crate) fn take(&mut self, now: Timestamp, messages: usize) {
        for session in self.untaken.drain(..messages) {
            self.client.consumed(now, session, 1);
        }
    }

    /// Messages that the application has not taken.
    pub(crate) fn untaken(&self) -> usize {
        self.untaken.len()
    }

    /// The text messages heard so far.
    pub(crate) fn texts(&self) -> Vec<&str> {
        self.heard.iter().filter_map(Payload::as_text).collect()
    }

    pub(crate) fn count(&self, matches: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| matches(event)).count()
    }

    pub(crate) fn connections(&self) -> usize {
        self.count(|event| matches!(event, Event::Connected { .. }))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.count(|event| matches!(event, Event::Closed { .. })) > 0
    }
}

/// Steele, Lea and Flood's SplitMix64.
fn seeded(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
