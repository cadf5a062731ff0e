//! `cargo xtask test`: every test of the workspace, step by step, with counts.

mod beside;
mod client;
mod counts;
mod driven;
mod failures;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::process::elapsed;
use crate::setup::{self, Need};
use beside::Beside;
use client::TestServers;
use counts::Counts;
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

    /// Run as a part of another test run: write into this file what became of the step, and end as soon as standard input does.
    #[arg(long, hide = true, value_name = "FILE")]
    part_of_run: Option<PathBuf>,
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
    if options.part_of_run.is_some() {
        beside::end_with_input();
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
    if let Some(file) = &options.part_of_run {
        beside::tell(file, &finished)?;
    }
    Ok(report(&finished, &notes, started.elapsed()))
}

/// Starts a step beside others, with what it shares with them, which is made before the first one that does.
fn start_beside(
    step: &'static Step,
    shared: &mut Option<(&'static Step, TestServers)>,
) -> Result<Beside> {
    let mut variables = Vec::new();
    if step.shares_servers {
        if shared.is_none() {
            *shared = Some((step, TestServers::start()?));
        }
        let servers = shared.iter().map(|(_, servers)| servers.variable());
        variables.extend(servers);
    }
    if step.drives_pages {
        variables.extend(driven::fixtures()?.handed_down());
    }
    Beside::start(step, variables)
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

fn perform(step: &'static Step) -> Finished {
    let started = Instant::now();
    let mut counts = Counts::default();
    let mut notes = Vec::new();
    match (step.run)(&mut counts, &mut notes) {
        Ok(()) if step.is_one_check => counts.passed += 1,
        Ok(()) if counts.passed == 0 && counts.skipped == 0 => {
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
