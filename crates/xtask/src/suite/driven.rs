//! Tests that start servers and drive browsers themselves.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use super::counts::Counts;
use super::steps::{cargo_test, count};
use crate::page::{self, Build};
use crate::process::{built_binary, is_ci, workspace_root};
use crate::tools::NPM_AXE;
use crate::{registry, setup};

/// Set where the process that started this one has prepared the fixtures, and set their variables.
const ARE_HANDED_DOWN: &str = "TIDEWIRE_FIXTURES_ARE_HANDED_DOWN";

/// What such tests use: programs, pages and drivers, by the names of the variables that the tests read.
#[derive(Debug, Default)]
pub(super) struct Fixtures {
    variables: Vec<(&'static str, OsString)>,
    /// What is missing.
    notes: Vec<String>,
}

/// Prepares the fixtures, once in a whole run: what one step serves must not be written anew by the next.
pub(super) fn fixtures() -> Result<&'static Fixtures> {
    static FIXTURES: OnceLock<Fixtures> = OnceLock::new();
    if let Some(fixtures) = FIXTURES.get() {
        return Ok(fixtures);
    }
    let fixtures = match env::var_os(ARE_HANDED_DOWN) {
        Some(_) => Fixtures::default(),
        None => Fixtures::prepare()?,
    };
    Ok(FIXTURES.get_or_init(|| fixtures))
}

impl Fixtures {
    fn prepare() -> Result<Self> {
        page::build_programs()?;
        let mut notes = Vec::new();
        let mut variables = vec![
            ("TIDEWIRE_ECHO", built_binary("tidewire-echo")?.into()),
            (
                "TIDEWIRE_PRINCIPLE",
                built_binary("tidewire-principle")?.into(),
            ),
            ("TIDEWIRE_PAGE", page::build(Build::Dev)?.into()),
            (
                "TIDEWIRE_TEST_PAGE",
                page::build_test_page(Build::Dev)?.into(),
            ),
            ("CHROMEDRIVER", setup::require_chromedriver()?.into()),
        ];
        if let Some(driver) = setup::firefox().and_then(|_| setup::geckodriver()) {
            variables.push(("GECKODRIVER", driver.into()));
        }
        match registry::install("axe", &[NPM_AXE])? {
            Some(modules) => {
                let checker = modules.join("axe-core").join("axe.min.js");
                variables.push(("TIDEWIRE_AXE", checker.into()));
            }
            None if is_ci() => bail!("npm is missing: it brings {NPM_AXE}"),
            None => notes.push(format!(
                "the accessibility checker was SKIPPED: npm is missing, which brings {NPM_AXE}"
            )),
        }
        Ok(Self { variables, notes })
    }

    /// The variables of a process that runs a step beside others.
    pub(super) fn handed_down(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = self.variables.clone();
        variables.push((ARE_HANDED_DOWN, "1".into()));
        variables
    }
}

pub(super) fn tour(counts: &mut Counts, notes: &mut Vec<String>) -> Result<()> {
    side_by_side(counts, notes, "the_tour")
}

pub(super) fn session(counts: &mut Counts, notes: &mut Vec<String>) -> Result<()> {
    side_by_side(counts, notes, "the_session")
}

/// Runs a program whose tests need not have the machine for themselves.
fn side_by_side(counts: &mut Counts, notes: &mut Vec<String>, program: &str) -> Result<()> {
    run_tests(counts, notes, &["tidewire-tests"], &["--test", program])
}

/// The files of tests that measure time; what need not is in folders.
pub(super) fn across(counts: &mut Counts, notes: &mut Vec<String>) -> Result<()> {
    let mut targets = vec!["--lib".to_owned(), "--bins".to_owned()];
    for entry in
        fs::read_dir(workspace_root().join("tests/tests")).context("cannot list tests/tests")?
    {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            targets.extend(["--test".to_owned(), name.to_owned()]);
        }
    }
    let targets: Vec<_> = targets.iter().map(String::as_str).collect();
    let packages = ["tidewire-tests", "tidewire-test-page"];
    run_tests(counts, notes, &packages, &targets)
}

fn run_tests(
    counts: &mut Counts,
    notes: &mut Vec<String>,
    packages: &[&str],
    targets: &[&str],
) -> Result<()> {
    let fixtures = fixtures()?;
    notes.extend_from_slice(&fixtures.notes);
    let mut command = cargo_test(packages);
    command
        .args(targets)
        .envs(fixtures.variables.iter().map(|(name, value)| (name, value)));
    count(counts, &mut command)
}
