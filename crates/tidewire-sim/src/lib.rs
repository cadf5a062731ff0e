//! A client and a server machine of tidewire joined by a seeded network in virtual time.
//!
//! One seed draws a plan (which faults, how often, who says how much), then the events of a run of a few minutes. The real
//! machines exchange real packets; network, clocks, browser and applications are simulated. A ledger that knows nothing of
//! the machines' inner life judges after every step whether the promises are kept, and after the faults have ended whether
//! everything that was said has been heard in time.
//!
//! The same seed gives the same run, to the byte, on every machine and on `wasm32`: there is no clock, no thread, no hash map and
//! no floating point in it.
//!
//! ```
//! let outcome = tidewire_sim::run(42, &tidewire_sim::Settings::default());
//! assert_eq!(outcome.broken, None);
//! ```

mod exchanges;
mod faults;
mod host;
mod leaving;
mod ledger;
mod message;
mod outage;
mod plan;
mod plants;
mod queue;
mod random;
mod review;
mod sockets;
mod speech;
mod tab;
mod trace;
mod wire;
mod world;

pub use ledger::Sabotage;
pub use outage::{Outage, outage};
pub use plants::Planted;

/// What is the same for all seeds of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Whether the outcome carries a readable trace; it costs much time.
    pub readable: bool,
    /// A fault of the recorder, to test the judge. Default none.
    pub sabotage: Option<Sabotage>,
    /// A bug of the machines, to test the judge; needs the feature `planted-bugs`. Default none.
    pub bug: Planted,
}

/// What came of one run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The promise that was broken, in words, if any was.
    pub broken: Option<String>,
    /// Whether [`Settings::sabotage`] came about: a run with too few messages leaves nothing to falsify.
    pub sabotaged: bool,
    /// One number for everything that happened, byte for byte.
    pub hash: u64,
    /// Length of the run in virtual microseconds.
    pub virtual_micros: u64,
    /// Number of events.
    pub steps: u64,
    /// What the run contained.
    pub tallies: Tallies,
    /// One line per event, if [`Settings::readable`] was set.
    pub trace: Vec<String>,
}

/// How often things happened, to show what a batch of runs has been through.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tallies {
    /// Messages that either side's `send` accepted.
    pub sent: u64,
    /// Messages that either side's application was given.
    pub delivered: u64,
    /// Messages that a full outbox refused.
    pub refused: u64,
    /// Times that a client asked for URL and credentials to connect.
    pub attempts: u64,
    /// WebSockets opened.
    pub handshakes: u64,
    /// HTTP requests made.
    pub requests: u64,
    /// Times that a session was carried (again): by WebSocket, long polling, polling.
    pub connected: [u64; 3],
    /// Moves of a session from one transport to another.
    pub switches: u64,
    /// Sessions that the server made.
    pub sessions: u64,
    /// Sessions that clients reported as lost.
    pub lost: u64,
    /// Sessions that expired on the server.
    pub expired: u64,
    /// Clients that were closed for good.
    pub closed: u64,
    /// Restarts of the server without memory.
    pub memory_losses: u64,
    /// Strikes of each fault: a cloned tab, and the others in alphabetical order.
    pub faults: [u64; faults::Fault::COUNT],
    /// Sockets that a middlebox forgot because nothing moved on them.
    pub idle_cuts: u64,
    /// The most attempts that a client needed after the end of the faults.
    pub most_attempts: u64,
    /// The longest time from the end of the faults until everything was heard, in virtual microseconds.
    pub slowest: u64,
}

impl Tallies {
    /// Adds those of another run.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.refused += other.refused;
        self.attempts += other.attempts;
        self.handshakes += other.handshakes;
        self.requests += other.requests;
        self.switches += other.switches;
        self.sessions += other.sessions;
        self.lost += other.lost;
        self.expired += other.expired;
        self.closed += other.closed;
        self.memory_losses += other.memory_losses;
        self.idle_cuts += other.idle_cuts;
        self.most_attempts = self.most_attempts.max(other.most_attempts);
        self.slowest = self.slowest.max(other.slowest);
        for (sum, more) in self.connected.iter_mut().zip(other.connected) {
            *sum += more;
        }
        for (sum, more) in self.faults.iter_mut().zip(other.faults) {
            *sum += more;
        }
    }
}

/// Runs the session of one seed.
pub fn run(seed: u64, settings: &Settings) -> Outcome {
    world::World::new(seed, settings).run()
}

/// One number for the runs of so many seeds from `start` on: the same on every machine.
pub fn combined_hash(start: u64, seeds: u64) -> u64 {
    let mut trace = trace::Trace::new(false);
    for seed in start..start.saturating_add(seeds) {
        trace.number(run(seed, &Settings::default()).hash);
    }
    trace.hash()
}

/// Seeds that once failed, each with the reason; they run first.
pub fn regressions() -> Vec<(u64, &'static str)> {
    let lines = include_str!("../regressions.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (seed, reason) = line.split_once(' ')?;
            Some((seed.parse().ok()?, reason.trim()))
        })
        .collect()
}
