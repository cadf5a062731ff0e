//! A running `tidewire-echo`: started, addressed, stopped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a server may take until it listens, and until it has stopped.
const PATIENCE: Duration = Duration::from_secs(20);

const LISTENING: &str = "listening on http://";

/// What happens while a server runs.
#[derive(Debug)]
pub(crate) enum News {
    /// It printed a line.
    Line(String),
    /// It closed its standard output, as a process does when it ends.
    Ended,
    /// The user pressed Ctrl-C, or this process was asked to terminate.
    Interrupted,
}

/// A child process that is a server; it is killed when dropped.
#[derive(Debug)]
pub(crate) struct Echo {
    child: Child,
    address: String,
    news: Receiver<News>,
    sender: Sender<News>,
}

impl Echo {
    /// Starts the server and waits until it says where it listens.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let program = Path::new(command.get_program()).display().to_string();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let stdout = child
            .stdout
            .take()
            .context("the server has no standard output")?;
        let (sender, news) = mpsc::channel();
        let lines = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The receiver goes when the server is dropped; its output is then nobody's.
                let _ = lines.send(News::Line(line));
            }
            let _ = lines.send(News::Ended);
        });
        let mut echo = Self {
            child,
            address: String::new(),
            news,
            sender,
        };
        echo.address = echo
            .wait_for_address()
            .with_context(|| format!("{program} did not start"))?;
        Ok(echo)
    }

    /// Where it listens, as `127.0.0.1:5000`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A sender for [`News::Interrupted`].
    pub(crate) fn interrupter(&self) -> Sender<News> {
        self.sender.clone()
    }

    /// Waits for the next news.
    pub(crate) fn next(&self) -> News {
        self.news.recv().unwrap_or(News::Ended)
    }

    /// Asks the server to stop and waits until it has; kills it when it does not.
    pub(crate) fn stop(mut self) -> Result<ExitStatus> {
        terminate(&mut self.child)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.news.recv_timeout(left) {
                Ok(News::Ended) | Err(RecvTimeoutError::Disconnected) => {
                    return Ok(self.child.wait()?);
                }
                Ok(News::Line(line)) => println!("{line}"),
                Ok(News::Interrupted) => {}
                Err(RecvTimeoutError::Timeout) => {
                    bail!(
                        "the server did not stop within {} s; killed",
                        PATIENCE.as_secs()
                    )
                }
            }
        }
    }

    /// How the server ended, after [`News::Ended`].
    pub(crate) fn status(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    fn wait_for_address(&mut self) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.news.recv_timeout(left) {
                Ok(News::Line(line)) => match line.split_once(LISTENING) {
                    Some((_, address)) => return Ok(address.trim().to_owned()),
                    None => println!("{line}"),
                },
                Ok(News::Interrupted) => {}
                Ok(News::Ended) => bail!("it ended at once ({})", self.child.wait()?),
                Err(_) => bail!("no line `{LISTENING}…` within {} s", PATIENCE.as_secs()),
            }
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // Both fail only for a process that has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn terminate(child: &mut Child) -> Result<()> {
    use nix::errno::Errno;
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    if child.try_wait()?.is_some() {
        return Ok(());
    }
    match kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error).context("cannot stop the server"),
    }
}

#[cfg(not(unix))]
fn terminate(child: &mut Child) -> Result<()> {
    child.kill().context("cannot stop the server")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_address_is_read_from_what_the_server_prints_first() {
        let script = "echo starting; echo listening on http://127.0.0.1:4242; exec sleep 60";
        let echo = Echo::start(&mut shell(script)).unwrap();
        assert_eq!(echo.address(), "127.0.0.1:4242");
    }

    #[test]
    fn a_server_that_ends_before_it_listens_is_an_error_that_says_so() {
        let error = Echo::start(&mut shell("exit 3")).unwrap_err();
        assert!(format!("{error:#}").contains("exit status: 3"), "{error:#}");
    }

    #[test]
    fn stopping_asks_politely_and_returns_how_the_server_ended() {
        let script = "trap 'kill $!; exit 0' TERM; sleep 60 >/dev/null & \
                      echo listening on http://127.0.0.1:4242; wait";
        let echo = Echo::start(&mut shell(script)).unwrap();
        assert!(echo.stop().unwrap().success());
    }

    #[test]
    fn a_server_that_ends_by_itself_is_noticed() {
        let mut echo = Echo::start(&mut shell("echo listening on http://127.0.0.1:4242")).unwrap();
        assert!(matches!(echo.next(), News::Ended));
        assert!(echo.status().unwrap().success());
    }
}
