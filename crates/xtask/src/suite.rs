//! `cargo xtask test`: every test of the workspace, step by step, with counts.

mod counts;
mod steps;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::process::elapsed;
use crate::setup::{self, Need};
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

    let mut finished = Vec::new();
    for (index, step) in selected.iter().enumerate() {
        println!(
            "\n=== {}/{}: {}: {} ===",
            index + 1,
            selected.len(),
            step.name,
            step.what
        );
        let done = perform(step);
        let failed = done.counts.failed > 0;
        finished.push(done);
        if failed && options.fail_fast {
            notes.push("stopped at the first failure, as --fail-fast asks".to_owned());
            break;
        }
    }
    Ok(report(&finished, &notes))
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

fn report(finished: &[Finished], notes: &[String]) -> ExitCode {
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
    let time = elapsed(finished.iter().map(|done| done.time).sum());
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
