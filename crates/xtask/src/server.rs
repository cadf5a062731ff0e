//! A running server of this workspace: started, addressed, stopped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a server may take until it listens, and until it has stopped.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much news may wait to be read.
const BACKLOG: usize = 256;

/// What a server prints first, before the scheme and the address.
const LISTENING: &str = "listening on ";

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
pub(crate) struct Server {
    child: Child,
    address: String,
    news: Receiver<News>,
}

impl Server {
    /// Starts the server and waits until it says where it listens.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        Self::launch(command, mpsc::sync_channel(BACKLOG))
    }

    /// Like [`Server::start`]; from then on Ctrl-C, and a request to terminate, no longer end this
    /// process but become [`News::Interrupted`]. Possible once in a process.
    pub(crate) fn start_interruptible(command: &mut Command) -> Result<Self> {
        // A group of its own: a terminal sends Ctrl-C to the whole foreground group, and the
        // server would hear it beside the request to stop.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let (sender, news) = mpsc::sync_channel(BACKLOG);
        let interrupted = sender.clone();
        ctrlc::set_handler(move || {
            // The receiver is gone only when this process is already on its way out.
            let _ = interrupted.send(News::Interrupted);
        })
        .context("cannot catch Ctrl-C")?;
        Self::launch(command, (sender, news))
    }

    fn launch(
        command: &mut Command,
        (sender, news): (SyncSender<News>, Receiver<News>),
    ) -> Result<Self> {
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
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Lines that nobody reads must not hold up the server.
                let _ = sender.try_send(News::Line(line));
            }
            // The receiver goes when the server is dropped; nobody asks then how it ended.
            let _ = sender.send(News::Ended);
        });
        let mut server = Self {
            child,
            address: String::new(),
            news,
        };
        server.address = server
            .wait_for_address()
            .with_context(|| format!("{program} did not start"))?;
        Ok(server)
    }

    /// Where it listens, as `127.0.0.1:5000`.
    pub(crate) fn address(&self) -> &str {
        &self.address
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
                Ok(News::Line(line)) => {
                    let url = line.split_once(LISTENING).map(|(_, url)| url.trim());
                    match url.and_then(|url| url.split_once("://")) {
                        Some((_, address)) => return Ok(address.to_owned()),
                        None => println!("{line}"),
                    }
                }
                Ok(News::Interrupted) => bail!("interrupted"),
                Ok(News::Ended) => bail!("it ended at once ({})", self.child.wait()?),
                Err(_) => bail!("no line `{LISTENING}…` within {} s", PATIENCE.as_secs()),
            }
        }
    }
}

impl Drop for Server {
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
        let server = Server::start(&mut shell(script)).unwrap();
        assert_eq!(server.address(), "127.0.0.1:4242");
    }

    #[test]
    fn a_server_that_ends_before_it_listens_is_an_error_that_says_so() {
        let error = Server::start(&mut shell("exit 3")).unwrap_err();
        assert!(format!("{error:#}").contains("exit status: 3"), "{error:#}");
    }

    #[test]
    fn stopping_asks_politely_and_returns_how_the_server_ended() {
        let script = "trap 'kill $!; exit 0' TERM; sleep 60 >/dev/null & \
                      echo listening on http://127.0.0.1:4242; wait";
        let server = Server::start(&mut shell(script)).unwrap();
        assert!(server.stop().unwrap().success());
    }

    #[test]
    fn a_server_that_ends_by_itself_is_noticed() {
        let mut server =
            Server::start(&mut shell("echo listening on http://127.0.0.1:4242")).unwrap();
        assert!(matches!(server.next(), News::Ended));
        assert!(server.status().unwrap().success());
    }
}
