//! `cargo xtask test`: every test of the workspace, step by step, with counts.

mod client;
mod counts;
mod failures;
mod steps;

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, ExitCode, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::process::{elapsed, state_dir};
use crate::setup::{self, Need};
use client::TestServers;
use counts::Counts;
use failures::Failures;
use steps::{STEPS, Step};

/// Run every test: native, simulated, in wasm, in browsers; set up what they need first.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Stop at the first step that fails.
    #[arg(long)]
    fail_fast: bool,

    /// Run only this step; may be given several times.
    #[arg(long, value_name = "STEP", value_parser = steps::names())]
    only: Vec<String>,

    /// End, with all that was started, as soon as standard input does.
    #[arg(long, hide = true)]
    end_with_input: bool,
}

/// What became of a step.
struct Finished {
    step: &'static Step,
    counts: Counts,
    time: Duration,
    /// Why it failed, or why something was skipped.
    notes: Vec<String>,
}

pub(crate) fn test(options: &Options) -> Result<ExitCode> {
    if options.end_with_input {
        thread::spawn(end_with_input);
    }
    let selected: Vec<_> = STEPS
        .iter()
        .filter(|step| options.only.is_empty() || options.only.iter().any(|name| name == step.name))
        .collect();
    let mut notes = Vec::new();
    if selected.iter().any(|step| step.needs_browsers) {
        setup::require(&[Need::WasmTarget])?;
        let unmet = setup::provide_browsers()?;
        notes.extend(unmet.iter().map(|unmet| format!("missing: {unmet}")));
    }

    let started = Instant::now();
    let mut finished = Vec::new();
    let mut beside: Vec<Beside> = Vec::new();
    let mut servers = None;
    for (index, step) in selected.iter().enumerate() {
        if step.waits_for_all {
            finished.extend(beside.drain(..).map(Beside::join));
            if options.fail_fast && finished.iter().any(|done| done.counts.failed > 0) {
                println!("\nstopped at the first step that failed");
                break;
            }
        }
        let title = format!(
            "{}/{}: {}: {}",
            index + 1,
            selected.len(),
            step.name,
            step.what
        );
        if step.is_beside && selected.len() > 1 {
            println!("\n=== {title}: runs beside the next ones ===");
            match start_beside(step, &mut servers) {
                Ok(started) => beside.push(started),
                Err(error) => finished.push(Finished::failed(step, &error)),
            }
            continue;
        }
        println!("\n=== {title} ===");
        let done = perform(step);
        let failed = done.counts.failed > 0;
        finished.push(done);
        if failed && options.fail_fast {
            notes.push("stopped at the first failure, as --fail-fast asks".to_owned());
            break;
        }
    }
    finished.extend(beside.drain(..).map(Beside::join));
    if let Some((step, servers)) = servers
        && let Err(error) = servers.stop()
    {
        finished.push(Finished::failed(step, &error));
    }
    Ok(report(&finished, &notes, started.elapsed()))
}

/// Starts a step beside others, with the servers of the client's tests before the first one that shares them.
fn start_beside(
    step: &'static Step,
    shared: &mut Option<(&'static Step, TestServers)>,
) -> Result<Beside> {
    if !step.shares_servers {
        return Beside::start(step, None);
    }
    if shared.is_none() {
        *shared = Some((step, TestServers::start()?));
    }
    Beside::start(step, shared.as_ref().map(|(_, servers)| servers))
}

impl Finished {
    /// A step that could not run.
    fn failed(step: &'static Step, error: &anyhow::Error) -> Self {
        Self {
            step,
            counts: Counts {
                failed: 1,
                ..Counts::default()
            },
            time: Duration::ZERO,
            notes: vec![format!("{error:#}")],
        }
    }
}

/// A step that runs beside others, in a process of its own so that their outputs stay apart. It ends with this value, and with
/// this process, however that ends.
struct Beside {
    step: &'static Step,
    /// Its standard input, which ends when this is dropped.
    life_line: ChildStdin,
    /// Its end, and how long it took.
    ended: JoinHandle<(io::Result<ExitStatus>, Duration)>,
    log: PathBuf,
}

impl Beside {
    fn start(step: &'static Step, servers: Option<&TestServers>) -> Result<Self> {
        let log = state_dir()?.join(format!("{}.log", step.name));
        let output =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let started = Instant::now();
        let mut command = Command::new(env::current_exe()?);
        command
            .args(["test", "--end-with-input", "--only", step.name])
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output);
        if let Some(servers) = servers {
            command.env(client::TEST_SERVERS, servers.addresses());
        }
        // A group of its own, which it can end as a whole.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let life_line = child.stdin.take().context("it has no standard input")?;
        Ok(Self {
            step,
            life_line,
            ended: thread::spawn(move || (child.wait(), started.elapsed())),
            log,
        })
    }

    /// Waits for its end, and shows what it printed.
    fn join(self) -> Finished {
        let lost = |_| (Err(io::Error::other("nobody waited")), Duration::ZERO);
        let (ended, time) = self.ended.join().unwrap_or_else(lost);
        drop(self.life_line);
        let log = fs::read_to_string(&self.log).unwrap_or_else(|error| error.to_string());
        println!("\n=== {}, which ran beside ===\n{log}", self.step.name);
        let mut counts = Counts::default();
        let mut failures = Failures::default();
        for line in log.lines() {
            failures.read(line);
            if let Some(found) = Counts::parse(line) {
                counts.add(found);
            }
        }
        let mut notes = Vec::new();
        match ended {
            Ok(status) if status.success() => {}
            Ok(status) => notes.push(format!("it failed ({status}){failures}")),
            Err(error) => notes.push(format!("it was lost: {error}")),
        }
        if !notes.is_empty() || counts.passed == 0 {
            counts.failed = counts.failed.max(1);
        }
        Finished {
            step: self.step,
            counts,
            time,
            notes,
        }
    }
}

/// Waits for the end of standard input, then ends this process and all that it started.
fn end_with_input() {
    // An error is an end, too.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    #[cfg(unix)]
    {
        use nix::sys::signal::{Signal, kill};
        use nix::unistd::Pid;

        // Of which this process is the first.
        const OWN_GROUP: Pid = Pid::from_raw(0);
        // It cannot fail: a process may always signal itself.
        let _ = kill(OWN_GROUP, Signal::SIGTERM);
    }
    std::process::exit(1);
}

fn perform(step: &'static Step) -> Finished {
    let started = Instant::now();
    let mut counts = Counts::default();
    let mut notes = Vec::new();
    match (step.run)(&mut counts, &mut notes) {
        Ok(()) if step.is_one_check => counts.passed += 1,
        Ok(()) if counts.passed == 0 && notes.is_empty() => {
            counts.failed += 1;
            notes.push("it ran no test".to_owned());
        }
        Ok(()) => {}
        Err(error) => {
            counts.failed = counts.failed.max(1);
            notes.push(format!("{error:#}"));
        }
    }
    for note in &notes {
        println!("{}: {note}", step.name);
    }
    Finished {
        step,
        counts,
        time: started.elapsed(),
        notes,
    }
}

fn report(finished: &[Finished], notes: &[String], whole: Duration) -> ExitCode {
    println!(
        "\n{:<14} {:>7} {:>7} {:>8} {:>10}",
        "step", "passed", "failed", "skipped", "time"
    );
    let mut total = Counts::default();
    for done in finished {
        let Counts {
            passed,
            failed,
            skipped,
        } = done.counts;
        let time = elapsed(done.time);
        println!(
            "{:<14} {passed:>7} {failed:>7} {skipped:>8} {time:>10}",
            done.step.name
        );
        total.add(done.counts);
    }
    let time = elapsed(whole);
    let Counts {
        passed,
        failed,
        skipped,
    } = total;
    println!(
        "{:<14} {passed:>7} {failed:>7} {skipped:>8} {time:>10}\n",
        "all"
    );
    for done in finished {
        for note in &done.notes {
            println!("{}: {note}", done.step.name);
        }
    }
    for note in notes {
        println!("{note}");
    }
    println!("{total}");
    if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
