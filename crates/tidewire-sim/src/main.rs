//! Runs simulated sessions, one per seed.

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use tidewire_sim::{Outcome, Settings, Tallies, combined_hash, regressions, run};

/// Runs simulated sessions of a client and a server in virtual time, one per seed, and judges each.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many seeds to run, after those that failed once.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// Threads to use; one per core where none is given.
    #[arg(long)]
    threads: Option<usize>,
    /// Run this seed alone.
    #[arg(long, conflicts_with_all = ["seeds", "start"])]
    seed: Option<u64>,
    /// With `--seed`: print what happens, line by line.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Print one number for the runs of all seeds, the same on every machine, and nothing else.
    #[arg(long)]
    hash: bool,
    /// Print how many failures there are of each kind instead of stopping at the first.
    #[arg(long)]
    keep_going: bool,
    /// Plant each known bug in turn and search for a seed that shows it, among `--seeds`.
    #[cfg(feature = "planted-bugs")]
    #[arg(long)]
    planted_bugs: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(feature = "planted-bugs")]
    if arguments.planted_bugs {
        return planted::hunt(&arguments);
    }
    if arguments.hash {
        println!("{:016x}", combined_hash(arguments.start, arguments.seeds));
        return ExitCode::SUCCESS;
    }
    match arguments.seed {
        Some(seed) => replay(seed, arguments.trace),
        None => run_batch(&arguments),
    }
}

fn replay(seed: u64, readable: bool) -> ExitCode {
    let outcome = run(
        seed,
        &Settings {
            readable,
            ..Settings::default()
        },
    );
    for line in &outcome.trace {
        println!("{line}");
    }
    println!(
        "seed {seed}: {} events in {} virtual seconds, trace {:016x}",
        outcome.steps,
        outcome.virtual_micros / 1_000_000,
        outcome.hash
    );
    println!("{:?}", outcome.tallies);
    match outcome.broken {
        None => ExitCode::SUCCESS,
        Some(broken) => {
            println!("FAILED: {broken}");
            ExitCode::FAILURE
        }
    }
}

fn run_batch(arguments: &Arguments) -> ExitCode {
    let known = regressions();
    let seeds = known.iter().map(|(seed, _)| *seed).collect::<Vec<_>>();
    let batch = Batch::new(arguments.keep_going);
    let started = Instant::now();
    batch.run(1, 0, seeds.len() as u64, |index| {
        seeds
            .get(usize::try_from(index).unwrap_or(0))
            .copied()
            .unwrap_or(0)
    });
    let threads = arguments
        .threads
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
        .max(1);
    batch.run(threads, arguments.start, arguments.seeds, |seed| seed);
    batch.report(seeds.len() as u64, threads, started.elapsed())
}

/// Many runs, shared by a few threads.
struct Batch {
    keep_going: bool,
    stop: AtomicBool,
    results: Mutex<Results>,
}

#[derive(Default)]
struct Results {
    seeds: u64,
    steps: u64,
    virtual_micros: u64,
    tallies: Tallies,
    failures: Vec<(u64, String)>,
}

impl Batch {
    fn new(keep_going: bool) -> Self {
        Self {
            keep_going,
            stop: AtomicBool::new(false),
            results: Mutex::default(),
        }
    }

    fn run(&self, threads: usize, start: u64, seeds: u64, name: impl Fn(u64) -> u64 + Sync) {
        let next = AtomicU64::new(start);
        let end = start.saturating_add(seeds);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.work(&next, end, &name));
            }
        });
    }

    fn work(&self, next: &AtomicU64, end: u64, name: impl Fn(u64) -> u64) {
        const CHUNK: u64 = 64;
        loop {
            let first = next.fetch_add(CHUNK, Ordering::Relaxed);
            if first >= end || self.stop.load(Ordering::Relaxed) {
                return;
            }
            let mut mine = Results::default();
            for index in first..end.min(first + CHUNK) {
                let seed = name(index);
                match guarded(seed, &Settings::default()) {
                    Ok(outcome) => mine.add(seed, outcome),
                    Err(panic) => mine.failures.push((seed, panic)),
                }
                if !mine.failures.is_empty() && !self.keep_going {
                    self.stop.store(true, Ordering::Relaxed);
                    break;
                }
            }
            if let Ok(mut results) = self.results.lock() {
                results.merge(mine);
            }
        }
    }

    fn report(self, known: u64, threads: usize, elapsed: Duration) -> ExitCode {
        let mut results = self.results.into_inner().unwrap_or_default();
        results.failures.sort();
        let per_second = results.seeds as f64 / elapsed.as_secs_f64().max(0.001);
        println!(
            "{} seeds ({known} of them known) in {:.1} s: {per_second:.0} per second, {:.0} per second and thread",
            results.seeds,
            elapsed.as_secs_f64(),
            per_second / threads as f64
        );
        println!(
            "{} events, {} virtual hours",
            results.steps,
            results.virtual_micros / 3_600_000_000
        );
        println!("{:?}", results.tallies);
        for (seed, broken) in results.failures.iter().take(40) {
            println!("FAILED seed {seed}: {broken}");
        }
        if results.failures.is_empty() {
            println!("no promise was broken");
            return ExitCode::SUCCESS;
        }
        println!(
            "{} seeds failed; replay one with `--seed {} --trace`",
            results.failures.len(),
            results.failures[0].0
        );
        ExitCode::FAILURE
    }
}

impl Results {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.seeds += 1;
        self.steps += outcome.steps;
        self.virtual_micros += outcome.virtual_micros;
        self.tallies.add(&outcome.tallies);
        if let Some(broken) = outcome.broken {
            self.failures.push((seed, broken));
        }
    }

    fn merge(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.steps += other.steps;
        self.virtual_micros += other.virtual_micros;
        self.tallies.add(&other.tallies);
        self.failures.extend(other.failures);
    }
}

/// A panic of a machine is a failure of its seed, not of the whole batch.
fn guarded(seed: u64, settings: &Settings) -> Result<Outcome, String> {
    panic::catch_unwind(AssertUnwindSafe(|| run(seed, settings))).map_err(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        format!("panic: {}", text.unwrap_or_default())
    })
}

#[cfg(feature = "planted-bugs")]
mod planted {
    use std::panic;
    use std::process::ExitCode;

    use tidewire_proto::planted::Bug;
    use tidewire_sim::Settings;

    use super::{Arguments, guarded};

    /// Runs seed after seed with each bug until one shows it.
    pub(super) fn hunt(arguments: &Arguments) -> ExitCode {
        // A bug may well end in a panic; its text is in the report.
        panic::set_hook(Box::new(|_| {}));
        let mut missed = 0;
        for bug in Bug::ALL {
            let settings = Settings {
                bug: Some(bug),
                ..Settings::default()
            };
            let seeds = arguments.start..arguments.start.saturating_add(arguments.seeds);
            let found = seeds
                .clone()
                .find_map(|seed| match guarded(seed, &settings) {
                    Ok(outcome) => outcome.broken.map(|broken| (seed, broken)),
                    Err(panic) => Some((seed, panic)),
                });
            match found {
                Some((seed, broken)) => {
                    println!(
                        "{bug:?}: caught after {} seeds, by seed {seed}: {broken}",
                        seed - arguments.start + 1
                    );
                }
                None => {
                    missed += 1;
                    println!("{bug:?}: NOT caught in {} seeds", arguments.seeds);
                }
            }
        }
        println!(
            "{} planted bugs, {} caught, {missed} not",
            Bug::ALL.len(),
            Bug::ALL.len() - missed
        );
        if missed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
