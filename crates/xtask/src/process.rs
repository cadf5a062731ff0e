//! Running other programs: shown, counted, or quietly with the elapsed time.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The cargo that runs this program, started in the workspace's root as if by hand.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace_root());
    // Build scripts are run again when these change, and all that depends on them is compiled again: what is
    // built here is to be the same as what is built by hand.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(describes_this_package) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether `cargo run` sets a variable to tell this program about its own package.
fn describes_this_package(variable: &str) -> bool {
    variable.starts_with("CARGO_MANIFEST_") || variable.starts_with("CARGO_PKG_")
}

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn workspace_root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest
        .ancestors()
        .nth(2)
        .map_or(manifest.clone(), Path::to_path_buf)
}

/// Cargo's target folder, found from where this program lies in it.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let program = env::current_exe().context("this program's own path is unknown")?;
    let folder = program
        .ancestors()
        .nth(2)
        .context("xtask does not run from a target folder")?;
    Ok(folder.to_path_buf())
}

/// What this program keeps between runs: logs, pages, tools.
pub(crate) fn state_dir() -> Result<PathBuf> {
    let folder = target_dir()?.join("xtask");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// The path of a binary that the workspace built in the dev profile.
pub(crate) fn built_binary(name: &str) -> Result<PathBuf> {
    Ok(target_dir()?
        .join("debug")
        .join(format!("{name}{}", env::consts::EXE_SUFFIX)))
}

/// Whether this runs in CI, where green must mean that everything ran.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some()
}

/// Finds a program on PATH, or where `cargo install` puts programs.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    env::split_paths(&path)
        .chain(cargo_home.map(|home| home.join("bin")))
        .map(|folder| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
        .find(|candidate| candidate.is_file())
}

/// A command as one would type it.
pub(crate) fn display(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a command with its output shown, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", display(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", display(command));
    }
    Ok(())
}

/// Runs a command with its output shown, and gives each line of its standard output to `each`.
pub(crate) fn run_lines(command: &mut Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", display(command)))?;
    let stdout = child
        .stdout
        .take()
        .context("the child has no standard output")?;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        each(&line);
    }
    Ok(child.wait()?)
}

/// Runs a command and returns the first line that it prints, or `None` when it cannot run or fails.
pub(crate) fn first_line<I, A>(program: impl AsRef<OsStr>, arguments: I) -> Option<String>
where
    I: IntoIterator<Item = A>,
    A: AsRef<OsStr>,
{
    let output = Command::new(program)
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output
        .status
        .success()
        .then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// Runs a long command with its output in a log file; the screen shows the elapsed time and the
/// log's last line. When it fails, the end of the log is shown.
pub(crate) fn run_with_clock(title: &str, name: &str, command: &mut Command) -> Result<()> {
    let log = state_dir()?.join(format!("{name}.log"));
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .with_context(|| format!("cannot start `{}`", display(command)))?;
    let started = Instant::now();
    let (done, waiting) = mpsc::channel::<()>();
    let clock = {
        let (title, log) = (title.to_owned(), log.clone());
        thread::spawn(move || show_clock(&title, &log, started, &waiting))
    };
    let status = child.wait();
    drop(done);
    if clock.join().is_err() {
        bail!("the clock of `{}` panicked", display(command));
    }
    let status = status?;
    if status.success() {
        println!("  {title}: done in {}", elapsed(started.elapsed()));
        return Ok(());
    }
    for line in last_lines(&log, 15) {
        eprintln!("    {line}");
    }
    bail!(
        "`{}` failed ({status}); the whole output is in {}",
        display(command),
        log.display()
    );
}

fn show_clock(title: &str, log: &Path, started: Instant, done: &mpsc::Receiver<()>) {
    let terminal = std::io::stdout().is_terminal();
    let tick = if terminal {
        Duration::from_secs(1)
    } else {
        Duration::from_secs(30)
    };
    while done.recv_timeout(tick) == Err(RecvTimeoutError::Timeout) {
        let last = last_lines(log, 1).pop().unwrap_or_default();
        let last: String = last.trim().chars().take(60).collect();
        let time = elapsed(started.elapsed());
        if terminal {
            print!("\r\x1b[2K  {title}: {time}  {last}");
            // A clock that cannot be drawn is no reason to fail.
            let _ = std::io::stdout().flush();
        } else {
            println!("  {title}: {time}  {last}");
        }
    }
    if terminal {
        print!("\r\x1b[2K");
    }
}

fn last_lines(log: &Path, count: usize) -> Vec<String> {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(count))
        .map(|&line| line.to_owned())
        .collect()
}

/// A span of time as `7.3 s` or `2:05 min`.
pub(crate) fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{}:{:02} min", seconds / 60, seconds % 60)
    }
}

/// The value for `CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER` that runs `program`; `None` where
/// its path holds white space, at which cargo would split it.
pub(crate) fn runner(program: &Path, argument: &str) -> Option<OsString> {
    let path = program.to_str()?;
    (!path.contains(char::is_whitespace)).then(|| format!("{path} {argument}").into())
}
