//! Steps that run beside others.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::Finished;
use super::counts::Counts;
use super::failures::Failures;
use super::steps::Step;
use crate::process::state_dir;

/// A step that runs beside others, in a process of its own so that their outputs stay apart. It ends with this value, and with
/// this process, however that ends.
pub(super) struct Beside {
    step: &'static Step,
    /// Its standard input, which ends when this is dropped.
    life_line: ChildStdin,
    /// Its end, and how long it took.
    ended: JoinHandle<(io::Result<ExitStatus>, Duration)>,
    log: PathBuf,
    outcome: PathBuf,
}

impl Beside {
    pub(super) fn start(
        step: &'static Step,
        variables: Vec<(&'static str, OsString)>,
    ) -> Result<Self> {
        let file =
            |kind| Ok::<_, anyhow::Error>(state_dir()?.join(format!("{}.{kind}", step.name)));
        let (log, outcome) = (file("log")?, file("outcome")?);
        if outcome.exists() {
            fs::remove_file(&outcome)
                .with_context(|| format!("cannot remove {}", outcome.display()))?;
        }
        let output =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let started = Instant::now();
        let mut command = Command::new(env::current_exe()?);
        command
            .args(["test", "--only", step.name, "--part-of-run"])
            .arg(&outcome)
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output);
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
            outcome,
        })
    }

    /// Waits for its end, and shows what it printed.
    pub(super) fn join(self) -> Finished {
        let lost = |_| (Err(io::Error::other("nobody waited")), Duration::ZERO);
        let (ended, time) = self.ended.join().unwrap_or_else(lost);
        drop(self.life_line);
        let log = fs::read_to_string(&self.log).unwrap_or_else(|error| error.to_string());
        println!("\n=== {}, which ran beside ===\n{log}", self.step.name);
        let told = fs::read_to_string(&self.outcome)
            .ok()
            .and_then(|text| Outcome::parse(&text));
        let Outcome { counts, notes } = judge(&ended, told, &log);
        Finished {
            step: self.step,
            counts,
            time,
            notes,
        }
    }
}

/// What became of a step.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    counts: Counts,
    notes: Vec<String>,
}

impl Outcome {
    /// ASCII's record separator, which no note contains.
    const SEPARATOR: char = '\u{1e}';

    fn to_text(&self) -> String {
        let Counts {
            passed,
            failed,
            skipped,
        } = self.counts;
        let mut text = format!("{passed} {failed} {skipped}");
        for note in &self.notes {
            text.push(Self::SEPARATOR);
            text.push_str(note);
        }
        text
    }

    /// `None` where the text is not, or not the whole of, what [`Outcome::to_text`] writes.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(Self::SEPARATOR);
        let mut numbers = parts.next()?.split(' ').map(str::parse);
        let mut number = || numbers.next()?.ok();
        Some(Self {
            counts: Counts {
                passed: number()?,
                failed: number()?,
                skipped: number()?,
            },
            notes: parts.map(str::to_owned).collect(),
        })
    }
}

/// Takes what the step's process told, unless its end says otherwise; then the log has to tell.
fn judge(ended: &io::Result<ExitStatus>, told: Option<Outcome>, log: &str) -> Outcome {
    let how = match (ended, told) {
        (Ok(status), Some(outcome)) if status.success() || outcome.counts.failed > 0 => {
            return outcome;
        }
        (Ok(status), _) => format!("it failed ({status})"),
        (Err(error), _) => format!("it was lost: {error}"),
    };
    let mut outcome = Outcome::default();
    let mut failures = Failures::default();
    for line in log.lines() {
        failures.read(line);
        if let Some(found) = Counts::parse(line) {
            outcome.counts.add(found);
        }
    }
    outcome.counts.failed = outcome.counts.failed.max(1);
    outcome.notes.push(format!("{how}{failures}"));
    outcome
}

/// In the process of such a step: writes what became of it.
pub(super) fn tell(file: &Path, finished: &[Finished]) -> Result<()> {
    let mut outcome = Outcome::default();
    for step in finished {
        outcome.counts.add(step.counts);
        outcome.notes.extend_from_slice(&step.notes);
    }
    fs::write(file, outcome.to_text()).with_context(|| format!("cannot write {}", file.display()))
}

/// In the process of such a step: when standard input ends, so does this process, with all that it started.
pub(super) fn end_with_input() {
    thread::spawn(|| {
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
    });
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn outcome(passed: u64, failed: u64, skipped: u64, notes: &[&str]) -> Outcome {
        Outcome {
            counts: Counts {
                passed,
                failed,
                skipped,
            },
            notes: notes.iter().copied().map(str::to_owned).collect(),
        }
    }

    fn exited(code: i32) -> io::Result<ExitStatus> {
        Ok(ExitStatus::from_raw(code << 8))
    }

    #[test]
    fn an_outcome_arrives_as_it_was_told() {
        for told in [
            outcome(3, 0, 0, &[]),
            outcome(2, 1, 4, &["it failed:\n    why", "SKIPPED the rest"]),
        ] {
            assert_eq!(Outcome::parse(&told.to_text()), Some(told));
        }
        for text in ["", "1 2", "one 2 3"] {
            assert_eq!(Outcome::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_step_that_skipped_everything_has_not_failed() {
        let told = outcome(0, 0, 1, &["SKIPPED: no Firefox"]);
        let judged = judge(&exited(0), Some(told), "nothing ran");
        assert_eq!(judged, outcome(0, 0, 1, &["SKIPPED: no Firefox"]));
    }

    #[test]
    fn an_end_without_an_outcome_is_a_failure_whatever_the_code() {
        for code in [0, 1] {
            let judged = judge(&exited(code), None, "test result: ok. 3 passed; 0 failed");
            assert_eq!((judged.counts.passed, judged.counts.failed), (3, 1));
            assert!(judged.notes[0].starts_with("it failed"), "{judged:?}");
        }
    }

    #[test]
    fn a_failing_end_behind_a_good_outcome_is_a_failure() {
        let judged = judge(&exited(1), Some(outcome(3, 0, 0, &[])), "");
        assert_eq!(judged.counts.failed, 1);
    }
}
