//! What a seed decides before anything happens: which faults there are, how often, and who says how much.
//!
//! Most kinds of fault are off in any one run. A run in which everything goes wrong at once hides what two faults do together.

use std::time::Duration;

use tidewire_proto::{ClientConfig, Limits, OverflowPolicy, SessionConfig, Transport};

use crate::faults::Fault;
use crate::message::LONGEST;
use crate::random::Random;

pub(crate) const MILLISECOND: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000_000;

/// The whole plan of a run. Times are in microseconds, chances in a thousand.
#[derive(Debug)]
pub(crate) struct Plan {
    /// When the faulty phase ends.
    pub(crate) heal_at: u64,
    pub(crate) client: ClientConfig,
    pub(crate) server: SessionConfig,
    pub(crate) line: Line,
    pub(crate) handshake: Handshake,
    pub(crate) exchange: ExchangeFaults,
    /// What stands between the client and a WebSocket from the beginning to the end.
    pub(crate) obstacle: Option<Obstacle>,
    /// A proxy that cuts requests which take longer than this, from the beginning to the end.
    pub(crate) hold_cut: Option<u64>,
    /// Mean time between two strikes of each fault; zero where there is none.
    pub(crate) strikes: [u64; Fault::COUNT],
    pub(crate) provider: Provider,
    pub(crate) up: Speech,
    pub(crate) down: Speech,
    pub(crate) policy: OverflowPolicy,
    /// Whether a browser grants this tab one of the origin's two held polls.
    pub(crate) hold_permit: bool,
    /// How long a hidden tab's timers are merely held to one a second.
    pub(crate) throttle_grace: u64,
    /// The server keeps its sessions over a restart.
    pub(crate) durable: bool,
    /// A side may not hear that its socket was cut.
    pub(crate) silent_cut: u32,
    /// How likely it is that a fact about a carrier comes after the client has given it up.
    pub(crate) late_facts: u32,
    /// A middlebox that cuts sockets on which nothing moved for so long, from the beginning to the end.
    pub(crate) idle_cut: Option<u64>,
}

/// The network as it is without faults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) latency: u64,
    pub(crate) jitter: u64,
    /// Bytes per millisecond.
    pub(crate) bandwidth: u64,
}

impl Line {
    /// The healed network: what the client's deadlines of 2 s and 8 s are made for.
    fn calm(mut self) -> Self {
        self.latency = self.latency.min(400 * MILLISECOND);
        self.jitter = self.jitter.min(200 * MILLISECOND);
        self.bandwidth = self.bandwidth.max(128);
        self
    }
}

/// What can become of a WebSocket handshake.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Handshake {
    pub(crate) refused: u32,
    pub(crate) black_hole: u32,
    pub(crate) opens_onto_nothing: u32,
    pub(crate) opens_and_closes: u32,
}

/// A middlebox that never lets a WebSocket work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Obstacle {
    BlackHole,
    Mute,
    Refuses,
}

/// What can become of an HTTP exchange.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ExchangeFaults {
    pub(crate) request_lost: u32,
    pub(crate) request_twice: u32,
    pub(crate) answer_lost: u32,
    pub(crate) answer_twice: u32,
    pub(crate) answer_truncated: u32,
    pub(crate) delayed: u32,
    pub(crate) portal: u32,
    pub(crate) bad_status: u32,
    pub(crate) unauthenticated: u32,
}

/// How the application's provider of URL and credentials behaves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Provider {
    pub(crate) fails: u32,
    pub(crate) hangs: u32,
    pub(crate) delay: u64,
}

/// What one side's application says and how fast it listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speech {
    pub(crate) messages: u32,
    /// Mean time between two turns in which something is sent.
    pub(crate) pause: u64,
    /// Most messages of one turn.
    pub(crate) burst: u64,
    /// Longest ordinary message in bytes.
    pub(crate) length: u64,
    /// Chance of a message of up to 100 KiB.
    pub(crate) large: u32,
    /// Longest time that the application takes for a message it was given.
    pub(crate) listening: u64,
}

impl Plan {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let mut plan = Self::draw_mixture(random);
        if random.permille(60) {
            plan.favour_late_creates(random);
        }
        // From a generator of their own: what the kept seeds draw otherwise stays as it is.
        draw_schedule(&mut plan.client, &mut random.clone().fork());
        plan
    }

    /// A server that forgets all the time, and proxies that repeat requests: a session that comes true a second time, late, is
    /// too rare in the mixture.
    fn favour_late_creates(&mut self, random: &mut Random) {
        self.client.transports = [false, random.permille(500), true];
        self.obstacle = None;
        self.hold_cut = None;
        self.exchange.request_twice = 500;
        self.strikes[Fault::Restart.index()] = random.between(2, 12) * SECOND;
        self.durable = false;
        self.down = Speech {
            messages: 120,
            pause: self.heal_at / 90,
            burst: 2,
            large: 0,
            ..self.down
        };
    }

    fn draw_mixture(random: &mut Random) -> Self {
        let heal_at = random.between(10, 150) * SECOND;
        let obstacle = random
            .permille(120)
            .then(|| random.choose([Obstacle::Refuses, Obstacle::BlackHole, Obstacle::Mute]));
        let hold_cut = random.permille(80).then(|| random.between(4, 20) * SECOND);
        let transports = draw_transports(random, obstacle.is_some(), hold_cut.is_some());
        Self {
            heal_at,
            client: draw_client(random, transports),
            server: draw_server(random),
            line: draw_line(random),
            handshake: draw_handshake(random),
            exchange: draw_exchange(random),
            obstacle,
            hold_cut,
            strikes: draw_strikes(random),
            provider: draw_provider(random),
            up: draw_speech(random, heal_at),
            down: draw_speech(random, heal_at),
            policy: random.choose([
                OverflowPolicy::Wait,
                OverflowPolicy::Wait,
                OverflowPolicy::Refuse,
                OverflowPolicy::DropOldest,
                OverflowPolicy::DropNewest,
            ]),
            hold_permit: !random.permille(100),
            throttle_grace: random.choose([10, 300]) * SECOND,
            durable: random.permille(500),
            silent_cut: random.choose([0, 0, 100, 500]),
            late_facts: random.choose([0, 125, 500, 1_000]),
            idle_cut: random
                .permille(100)
                .then(|| random.between(15, 60) * SECOND),
        }
    }

    /// Takes the faults away; what stands for ever, such as a middlebox, stays.
    pub(crate) fn heal(&mut self) {
        self.line = self.line.calm();
        self.handshake = Handshake::default();
        self.exchange = ExchangeFaults::default();
        self.strikes = [0; Fault::COUNT];
        self.provider = Provider::default();
        self.silent_cut = 0;
        self.up.listening = self.up.listening.min(SECOND);
        self.down.listening = self.down.listening.min(SECOND);
    }

    /// The best transport that can work in this run.
    pub(crate) fn best(&self) -> Option<Transport> {
        let holds = self.hold_cut.is_none_or(|cut| cut > 14 * SECOND)
            && (self.hold_permit || !self.client.allows(Transport::Polling));
        Transport::ALL.into_iter().find(|transport| {
            self.client.allows(*transport)
                && match transport {
                    Transport::WebSocket => self.obstacle.is_none(),
                    Transport::LongPolling => holds,
                    Transport::Polling => true,
                }
        })
    }
}

fn draw_transports(random: &mut Random, no_socket: bool, no_hold: bool) -> [bool; 3] {
    // The last rung is what is left when both others are blocked, so it is only taken away where one of them works.
    match random.below(10) {
        0 if !no_socket => [true, false, false],
        1 if !no_hold => [false, true, false],
        2 => [false, false, true],
        3 => [false, true, true],
        4 => [true, false, true],
        _ => [true, true, true],
    }
}

fn draw_client(random: &mut Random, transports: [bool; 3]) -> ClientConfig {
    let mut config = ClientConfig::default();
    config.transports = transports;
    config.limits = draw_limits(random);
    if random.permille(200) {
        config.remembered = Some(random.choose(Transport::ALL));
    }
    config
}

/// How often a client asks and acknowledges: by other times than the defaults in some runs.
fn draw_schedule(client: &mut ClientConfig, random: &mut Random) {
    if !random.permille(200) {
        return;
    }
    let floor = random.magnitude(20 * MILLISECOND, 2 * SECOND);
    client.polling_floor = Duration::from_micros(floor);
    client.polling_ceiling = Duration::from_micros(random.between(floor, 5 * SECOND));
    client.ack_delay = Duration::from_micros(random.magnitude(1, 200 * MILLISECOND));
}

fn draw_server(random: &mut Random) -> SessionConfig {
    let mut config = SessionConfig::default();
    config.limits = draw_limits(random);
    if random.permille(150) {
        config.life = Duration::from_secs(random.between(25, 60));
    }
    config
}

fn draw_limits(random: &mut Random) -> Limits {
    let limits = Limits::default();
    if !random.permille(350) {
        return limits;
    }
    let outbox = usize::try_from(random.magnitude(1_024, 512 * 1_024)).unwrap_or(usize::MAX);
    let messages = usize::try_from(random.magnitude(1, 256)).unwrap_or(usize::MAX);
    limits
        .max_message(u64::from(LONGEST))
        .window(
            random.magnitude(64 * 1_024, 1_024 * 1_024),
            random.magnitude(256, 4_096),
        )
        .outbox(outbox, messages)
}

fn draw_line(random: &mut Random) -> Line {
    Line {
        latency: random.magnitude(MILLISECOND, 2 * SECOND),
        jitter: random.magnitude(1, 2 * SECOND),
        bandwidth: random.magnitude(16, 16 * 1_024),
    }
}

/// A chance for one kind of fault: often none, sometimes small, rarely large.
fn chance(random: &mut Random, largest: u64) -> u32 {
    if random.permille(650) {
        return 0;
    }
    u32::try_from(random.magnitude(5, largest)).unwrap_or(0)
}

fn draw_handshake(random: &mut Random) -> Handshake {
    Handshake {
        refused: chance(random, 500),
        black_hole: chance(random, 500),
        opens_onto_nothing: chance(random, 300),
        opens_and_closes: chance(random, 300),
    }
}

fn draw_exchange(random: &mut Random) -> ExchangeFaults {
    ExchangeFaults {
        request_lost: chance(random, 300),
        request_twice: chance(random, 200),
        answer_lost: chance(random, 300),
        answer_twice: chance(random, 200),
        answer_truncated: chance(random, 200),
        delayed: chance(random, 300),
        portal: chance(random, 150),
        bad_status: chance(random, 150),
        unauthenticated: chance(random, 100),
    }
}

fn draw_strikes(random: &mut Random) -> [u64; Fault::COUNT] {
    Fault::ALL.map(|fault| {
        let (permille, low, high) = fault.frequency();
        if random.permille(permille) {
            // Rare and frequent are as likely: what a fault does in the middle of another's repair shows best.
            random.magnitude(low * MILLISECOND, high * MILLISECOND)
        } else {
            0
        }
    })
}

fn draw_provider(random: &mut Random) -> Provider {
    Provider {
        fails: chance(random, 300),
        hangs: chance(random, 200),
        delay: if random.permille(700) {
            0
        } else {
            random.magnitude(1, 2 * SECOND)
        },
    }
}

fn draw_speech(random: &mut Random, heal_at: u64) -> Speech {
    let messages = u32::try_from(random.magnitude(0, 250)).unwrap_or(0);
    let burst = random.magnitude(1, 40);
    let turns = (u64::from(messages) / burst.div_ceil(2)).max(1);
    Speech {
        messages,
        // A tenth of what is said comes after the network has healed.
        pause: (heal_at * 11 / 10 / turns).max(1),
        burst,
        length: random.choose([16, 64, 300, 2_000]),
        large: random.choose([0, 0, 0, 0, 20, 200]),
        listening: if random.permille(600) {
            0
        } else {
            random.magnitude(1, 5 * SECOND)
        },
    }
}
