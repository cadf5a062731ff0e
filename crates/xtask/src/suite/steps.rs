//! The steps of a test run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::client::in_browser;
use super::counts::Counts;
use super::driven;
use super::failures::Failures;
use crate::process::{
    built_binary, cargo, display, find_program, is_ci, run, run_lines, runner, target_dir,
};
use crate::wasm::{self, TARGET};
use crate::{npm, page, setup, simulate};

/// One step: a name for `--only`, and what it runs.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// Whether it is a single yes or no that counts as one test, rather than tests that count
    /// themselves.
    pub(super) is_one_check: bool,
    pub(super) needs_browsers: bool,
    /// Whether it runs beside the steps after it, up to the first one that waits for all.
    pub(super) is_beside: bool,
    /// Whether it begins only when all before it have ended.
    pub(super) waits_for_all: bool,
    /// Whether its tests talk to servers whose addresses are compiled into them; steps that run beside each other share them.
    pub(super) shares_servers: bool,
    /// Whether its tests drive pages; the pages of a run are built once.
    pub(super) drives_pages: bool,
    pub(super) run: fn(&mut Counts, &mut Vec<String>) -> Result<()>,
}

impl Step {
    const fn new(
        name: &'static str,
        what: &'static str,
        run: fn(&mut Counts, &mut Vec<String>) -> Result<()>,
    ) -> Self {
        Self {
            name,
            what,
            is_one_check: false,
            needs_browsers: false,
            is_beside: false,
            waits_for_all: false,
            shares_servers: false,
            drives_pages: false,
            run,
        }
    }

    const fn one_check(self) -> Self {
        Self {
            is_one_check: true,
            ..self
        }
    }

    const fn beside(self) -> Self {
        Self {
            is_beside: true,
            ..self
        }
    }

    const fn after_all(self) -> Self {
        Self {
            waits_for_all: true,
            ..self
        }
    }

    const fn on_shared_servers(self) -> Self {
        Self {
            shares_servers: true,
            ..self
        }
    }

    const fn on_pages(self) -> Self {
        Self {
            drives_pages: true,
            needs_browsers: true,
            ..self
        }
    }

    const fn in_browsers(self) -> Self {
        Self {
            needs_browsers: true,
            ..self
        }
    }
}

/// The steps in the order in which they begin.
pub(super) const STEPS: &[Step] = &[
    Step::new("server", "the servers", server).beside(),
    Step::new(
        "npm",
        "the packed npm package, as users install it",
        npm_package,
    )
    .in_browsers()
    .beside(),
    Step::new("native", "protocol, demo and xtask", native),
    Step::new("docs", "the examples in the documentation", docs),
    Step::new("simulator", "the simulator's own tests", simulator),
    Step::new("simulation", "60,000 simulated sessions", simulation).one_check(),
    Step::new(
        "planted-bugs",
        "the simulator catches bugs planted on purpose",
        planted_bugs,
    )
    .one_check(),
    Step::new("imports", "the protocol's wasm imports nothing", imports)
        .one_check()
        .in_browsers(),
    Step::new("proto-wasm", "the protocol's tests on wasm32", proto_wasm).in_browsers(),
    Step::new(
        "sim-wasm",
        "the simulator's traces are the same on wasm32",
        sim_wasm,
    )
    .in_browsers(),
    Step::new(
        "session",
        "sessions whose network is cut, slow or strange",
        driven::session,
    )
    .on_pages()
    .beside(),
    Step::new("tour", "the demo as a visitor drives it", driven::tour).on_pages(),
    Step::new("chromium", "the client's tests in Chromium", chromium)
        .in_browsers()
        .on_shared_servers()
        .after_all()
        .beside(),
    Step::new("firefox", "the client's tests in Firefox", firefox)
        .in_browsers()
        .on_shared_servers()
        .beside(),
    // It measures time.
    Step::new("across", "tests that cross crates, in time", driven::across)
        .on_pages()
        .after_all(),
];

pub(super) fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

fn server(counts: &mut Counts, _: &mut Vec<String>) -> Result<()> {
    let mut command = cargo_test(&["tidewire-server", "tidewire-gateway"]);
    command
        .args(["--lib", "--bins", "--tests", "--examples"])
        // Most of them wait for time limits; waiting needs no core.
        .env("RUST_TEST_THREADS", "6");
    count(counts, &mut command)
}

fn native(counts: &mut Counts, _: &mut Vec<String>) -> Result<()> {
    let mut command = cargo_test(&["tidewire-proto", "tidewire-demo", "xtask"]);
    count(
        counts,
        command.args(["--lib", "--bins", "--tests", "--examples"]),
    )
}

fn docs(counts: &mut Counts, _: &mut Vec<String>) -> Result<()> {
    let mut command = cargo_test(&[
        "tidewire-proto",
        "tidewire-server",
        "tidewire-gateway",
        "tidewire",
    ]);
    count(counts, command.args(["--doc", "--all-features"]))
}

/// In the profile of the simulation, which its tests would take minutes without.
fn simulator(counts: &mut Counts, _: &mut Vec<String>) -> Result<()> {
    count(
        counts,
        cargo_test(&["tidewire-sim"]).args(["--profile", "simulate"]),
    )
}

fn simulation(_: &mut Counts, _: &mut Vec<String>) -> Result<()> {
    run(simulate::command(&[]).args(["--seeds", "60000"]))
}

fn planted_bugs(_: &mut Counts, _: &mut Vec<String>) -> Result<()> {
    run(simulate::command(&["planted-bugs"]).args(["--planted-bugs", "--seeds", "60000"]))
}

fn imports(_: &mut Counts, _: &mut Vec<String>) -> Result<()> {
    const EXAMPLE: &str = "in_memory";
    run(cargo()
        .args(["build", "--package", "tidewire-proto", "--target", TARGET])
        .args(["--example", EXAMPLE]))?;
    let examples = target_dir()?.join(TARGET).join("debug").join("examples");
    wasm::check_no_imports(&examples.join(format!("{EXAMPLE}.wasm")))
}

fn proto_wasm(counts: &mut Counts, _: &mut Vec<String>) -> Result<()> {
    wasm::build_bindgen()?;
    let driver = setup::require_chromedriver()?;
    let mut command = wasm_test("tidewire-proto", &["--tests"])?;
    // Tests that do not say where they run, run in a page.
    command
        .env("WASM_BINDGEN_USE_BROWSER", "1")
        .env("CHROMEDRIVER", driver);
    count(counts, &mut command)
}

/// The hash of the native traces is compiled into the tests, which compare theirs with it.
fn sim_wasm(counts: &mut Counts, _: &mut Vec<String>) -> Result<()> {
    const SEEDS: &str = "200";
    wasm::build_bindgen()?;
    let hash = last_line(simulate::command(&[]).args(["--seeds", SEEDS, "--hash"]))?;
    println!("the native hash of {SEEDS} traces: {hash}");
    let mut command = wasm_test("tidewire-sim", &["--test", "traces_are_the_same_in_wasm"])?;
    command
        .env("TIDEWIRE_TRACE_SEEDS", SEEDS)
        .env("TIDEWIRE_TRACE_HASH", hash)
        .env("WASM_BINDGEN_USE_BROWSER", "1")
        .env("CHROMEDRIVER", setup::require_chromedriver()?);
    count(counts, &mut command)
}

fn chromium(counts: &mut Counts, _: &mut Vec<String>) -> Result<()> {
    let driver = setup::require_chromedriver()?;
    in_browser(counts, "CHROMEDRIVER", &driver)
}

fn firefox(counts: &mut Counts, notes: &mut Vec<String>) -> Result<()> {
    match geckodriver(notes, "all tests of the client in Firefox")? {
        Some(driver) => in_browser(counts, "GECKODRIVER", &driver),
        None => {
            counts.skipped += 1;
            Ok(())
        }
    }
}

/// The driver of Firefox; where either is missing, a note says what is skipped, or CI fails.
fn geckodriver(notes: &mut Vec<String>, what: &str) -> Result<Option<PathBuf>> {
    let (browser, driver) = (setup::firefox(), setup::geckodriver());
    if browser.is_some() && driver.is_some() {
        return Ok(driver);
    }
    let state = |found: bool| if found { "found" } else { "missing" };
    let missing = format!(
        "Firefox is {}, geckodriver is {}",
        state(browser.is_some()),
        state(driver.is_some())
    );
    if is_ci() {
        bail!(missing);
    }
    notes.push(format!("SKIPPED {what}: {missing}"));
    Ok(None)
}

/// Unpacks the tarball among the packages of the tests, and runs those.
fn npm_package(counts: &mut Counts, notes: &mut Vec<String>) -> Result<()> {
    if let Some(missing) = ["node", "npm"]
        .into_iter()
        .find(|name| find_program(name).is_none())
    {
        let what = format!("{missing} is missing; install Node.js 20 or newer, with npm");
        if is_ci() {
            bail!(what);
        }
        counts.skipped += 1;
        notes.push(format!("SKIPPED all tests of the npm package: {what}"));
        return Ok(());
    }
    let tests = npm::unpack_for_tests()?;
    page::build_programs()?;
    run(cargo().args(["build", "--package", "tidewire-gateway"]))?;
    let mut command = Command::new("node");
    command
        .current_dir(&tests)
        .args(["--test", "--test-reporter=./support/reporter.mjs"])
        // One less than the processors is the default: one file at a time, of which most wait.
        .arg("--test-concurrency=2")
        // Milliseconds for a whole file: ten times what the longest takes. A test that hangs is to fail.
        .arg("--test-timeout=150000")
        .env("TIDEWIRE_ECHO", built_binary("tidewire-echo")?)
        .env("TIDEWIRE_GATEWAY", built_binary("tidewire-gateway")?)
        .env(
            "CHROMIUM",
            setup::chromium()
                .context("Chromium is missing; cargo xtask setup says how to get it")?,
        )
        .env_remove("GECKODRIVER");
    if let Some(driver) = geckodriver(notes, "the tests of the npm package in Firefox")? {
        command.env("GECKODRIVER", driver);
    }
    count(counts, &mut command)
}

pub(super) fn cargo_test(packages: &[&str]) -> Command {
    let mut command = cargo();
    command.args(["test", "--no-fail-fast"]);
    for package in packages {
        command.args(["--package", package]);
    }
    command
}

/// `cargo test` of one package in a browser: of these targets.
pub(super) fn wasm_test(package: &str, targets: &[&str]) -> Result<Command> {
    let mut command = cargo_test(&[package]);
    command
        .args(["--target", TARGET])
        .args(targets)
        // In seconds; the defaults (20 for a whole file, 5 for a driver) suit small pages and
        // idle machines.
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60")
        .env_remove("CHROMEDRIVER")
        .env_remove("GECKODRIVER")
        .env_remove("SAFARIDRIVER");
    if let Some(runner) = runner(&built_binary("xtask-bindgen")?, "test-runner") {
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
    }
    Ok(command)
}

/// Runs a command, shows what it prints, and returns the last line of it.
fn last_line(command: &mut Command) -> Result<String> {
    let mut last = String::new();
    let status = run_lines(command, |line| {
        if !line.trim().is_empty() {
            line.trim().clone_into(&mut last);
        }
    })?;
    if !status.success() {
        bail!("`{}` failed ({status})", display(command));
    }
    if last.is_empty() {
        bail!("`{}` printed nothing", display(command));
    }
    Ok(last)
}

/// Runs a command that prints `test result:` lines, and adds them up.
pub(super) fn count(counts: &mut Counts, command: &mut Command) -> Result<()> {
    let mut failures = Failures::default();
    let status = run_lines(command, |line| {
        failures.read(line);
        if let Some(found) = Counts::parse(line) {
            counts.add(found);
        }
    })?;
    if !status.success() {
        bail!("`{}` failed ({status}){failures}", display(command));
    }
    Ok(())
}
