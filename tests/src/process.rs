//! Child processes: started, read, always ended.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

/// Lines of a child's output that are kept for a failure.
const KEPT_LINES: usize = 60;

/// How long a program may take until it has said where it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// A child process; it is killed when dropped, also while a test panics.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) child: Child,
    output: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    /// Starts a program, and waits until `read` finds in a line of its output what it has to say.
    ///
    /// # Panics
    ///
    /// When it cannot be started, ends, or says nothing of the kind.
    pub(crate) async fn start<T>(
        command: &mut Command,
        mut read: impl FnMut(&str) -> Option<T>,
    ) -> (Self, T) {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let output = Arc::default();
        let (sender, mut lines) = mpsc::channel(KEPT_LINES);
        let readers: [Option<Box<dyn AsyncRead + Send + Unpin>>; 2] = [
            child.stdout.take().map(|out| Box::new(out) as _),
            child.stderr.take().map(|err| Box::new(err) as _),
        ];
        for reader in readers.into_iter().flatten() {
            tokio::spawn(keep(reader, Arc::clone(&output), sender.clone()));
        }
        drop(sender);
        let process = Self { child, output };
        let said = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = lines.recv().await {
                if let Some(said) = read(&line) {
                    return Some(said);
                }
            }
            None
        });
        match said.await {
            Ok(Some(said)) => (process, said),
            _ => panic!("{command:?} did not start:\n{}", process.output()),
        }
    }

    /// The last lines that it printed.
    pub(crate) fn output(&self) -> String {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.iter().map(|line| format!("  {line}\n")).collect()
    }
}

async fn keep(
    reader: impl AsyncRead + Unpin,
    output: Arc<Mutex<VecDeque<String>>>,
    sender: mpsc::Sender<String>,
) {
    let mut lines = BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // Once the program has started nobody reads this any more.
        let _ = sender.try_send(line.clone());
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        if output.len() == KEPT_LINES {
            output.pop_front();
        }
        output.push_back(line);
    }
}

/// A path that `cargo xtask test` hands over in an environment variable.
///
/// # Panics
///
/// When it is missing.
pub(crate) fn handed_over(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable).filter(|path| path.as_os_str() != OsStr::new(""));
    path.map_or_else(
        || {
            panic!(
                "{variable} is not set. These tests need programs and a page that are built for them; \
                 run `cargo xtask test --only across`, which does that."
            )
        },
        PathBuf::from,
    )
}
