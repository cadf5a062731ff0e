//! A whole scene in virtual time: both sides, what their applications do, and the clock.

mod mishaps;
mod network;
mod observations;

use core::time::Duration;
use std::collections::BTreeMap;

use tidewire_proto::{
    Client, ClientConfig, Close, MessageId, OverflowPolicy, PageEvent, Payload, Session,
    SessionConfig, SessionKey, Timestamp,
};

use super::net::{Condition, Delivery, Link, Net};
use super::{Host, Packet, Tab};

/// Longer than anything that a test waits for.
const PATIENCE: Duration = Duration::from_secs(900);

/// One server, one client or more, and the network between them.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) net: Net,
    pub(crate) host: Host,
    pub(crate) tabs: Vec<Tab>,
    /// Every packet that was sent.
    pub(crate) wire: Vec<Packet>,
    links: BTreeMap<Link, Condition>,
    queue: BTreeMap<(Timestamp, u64), Delivery>,
    order: u64,
}

impl World {
    /// Both sides with their default settings.
    pub(crate) fn new() -> Self {
        Self::with(ClientConfig::default(), SessionConfig::default())
    }

    pub(crate) fn with(client: ClientConfig, server: SessionConfig) -> Self {
        Self::seeded(client, server, 1)
    }

    pub(crate) fn seeded(client: ClientConfig, server: SessionConfig, seed: u64) -> Self {
        Self {
            now: Timestamp::from_millis(1_000_000),
            net: Net::default(),
            host: Host::new(server),
            tabs: vec![Tab::new(client, seed, None)],
            wire: Vec::new(),
            links: BTreeMap::new(),
            queue: BTreeMap::new(),
            order: 0,
        }
    }

    /// A second client with the same session key, as when a tab is duplicated.
    pub(crate) fn clone_tab(&mut self, key: SessionKey) -> usize {
        self.tabs
            .push(Tab::new(ClientConfig::default(), 77, Some(key)));
        self.tabs.len() - 1
    }

    pub(crate) fn tab(&mut self) -> &mut Tab {
        &mut self.tabs[0]
    }

    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.tabs[0].client
    }

    /// The one session of the server.
    pub(crate) fn session(&mut self) -> &mut Session {
        let sessions = &mut self.host.sessions;
        assert_eq!(sessions.len(), 1, "the server has one session");
        sessions.values_mut().next().expect("there is one")
    }

    /// Starts to connect.
    pub(crate) fn connect(&mut self) {
        let now = self.now;
        self.client().connect(now);
        self.settle();
    }

    /// Starts to connect, and waits until the session is carried.
    pub(crate) fn connected(client: ClientConfig, server: SessionConfig) -> Self {
        let mut world = Self::with(client, server);
        world.connect();
        world.run_until("the session is carried", |world| {
            world.tabs[0].connections() == 1
        });
        // What the winner of a race left behind is cleared away.
        world.run(Duration::from_millis(50));
        world
    }

    /// The client sends a text; it goes out at the end of the turn.
    pub(crate) fn say(&mut self, text: &str) -> MessageId {
        self.say_payload(Payload::from(text))
    }

    pub(crate) fn say_payload(&mut self, payload: Payload) -> MessageId {
        let now = self.now;
        self.client()
            .send(now, payload, OverflowPolicy::Wait)
            .expect("the outbox takes it")
    }

    /// The server sends a text; it goes out at the end of the turn.
    pub(crate) fn reply(&mut self, text: &str) -> MessageId {
        let now = self.now;
        self.session()
            .send(now, Payload::from(text))
            .expect("the outbox takes it")
    }

    /// The server's application closes the session.
    pub(crate) fn close_session(&mut self, close: Close) {
        let now = self.now;
        self.host.farewell = Some(close.clone());
        self.session().close(now, close);
    }

    pub(crate) fn page(&mut self, event: PageEvent) {
        let now = self.now;
        self.client().handle_page(now, event);
        self.settle();
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        self.settle();
        while self.next().is_some_and(|next| next <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Lets time pass until something is so; tells how long that took.
    pub(crate) fn run_until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) -> Duration {
        let start = self.now;
        self.settle();
        while !is_so(self) {
            let next = self.next().unwrap_or(start + PATIENCE);
            assert!(
                next.since(start) < PATIENCE,
                "never: {what}; at the end the client heard {:?}",
                self.tabs[0].events.iter().rev().take(5).collect::<Vec<_>>()
            );
            self.step();
        }
        self.now.since(start)
    }

    fn next(&self) -> Option<Timestamp> {
        let queued = self.queue.keys().next().map(|(at, _)| *at);
        let timers = self
            .tabs
            .iter()
            .filter_map(|tab| Some(tab.timer?.max(tab.frozen_until)));
        timers
            .chain(queued)
            .chain(self.host.next_timeout())
            .min()
            .map(|next| next.max(self.now))
    }

    fn step(&mut self) {
        let Some(next) = self.next() else {
            return;
        };
        self.now = next;
        for tab in &mut self.tabs {
            if tab
                .timer
                .is_some_and(|timer| timer.max(tab.frozen_until) <= next)
            {
                tab.timer = None;
                tab.fired.push(next);
                tab.client.handle_timeout(next);
            }
        }
        self.host.handle_timeouts(next);
        while let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= next
        {
            let delivery = entry.remove();
            self.deliver(delivery);
        }
        self.settle();
    }

    /// Drains both sides, and arms the timers.
    pub(crate) fn settle(&mut self) {
        let before = self.order;
        loop {
            let mut idle = true;
            for tab in 0..self.tabs.len() {
                if self.tabs[tab].frozen_until > self.now {
                    continue;
                }
                while let Some(output) = self.tabs[tab].client.poll_output(self.now) {
                    idle = false;
                    self.perform(tab, output);
                }
                self.tabs[tab].arm();
            }
            while let Some(output) = self.host.poll_output(self.now) {
                idle = false;
                self.answer(output);
            }
            if idle {
                return;
            }
            assert!(self.order - before < 100_000, "a turn that never ends");
        }
    }
}
