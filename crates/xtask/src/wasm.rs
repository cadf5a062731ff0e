//! wasm modules: the runner of their tests, a check of what they import, and what makes them small.

mod glue;
pub(crate) mod link;
mod module;
mod names;
mod object;
mod optimizer;
mod reader;
mod ship;
mod traps;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{built_binary, cargo, run};
pub(crate) use module::Module;
pub(crate) use ship::{ship, ship_parts, ship_style};

/// The target that browsers run.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Compiles wasm-bindgen and its test runner.
pub(crate) fn build_bindgen() -> Result<()> {
    run(cargo()
        .args([
            "build",
            "--quiet",
            "--package",
            "xtask",
            "--features",
            "bindgen",
        ])
        .args(["--bin", "xtask-bindgen"]))
}

/// Runs the tests in a wasm file, as cargo asks the target's runner to.
///
/// Returns the exit code of the test runner.
pub(crate) fn run_tests(arguments: &[OsString]) -> Result<i32> {
    build_bindgen()?;
    let status = Command::new(built_binary("xtask-bindgen")?)
        .arg("test-runner")
        .args(arguments)
        .status()
        .context("cannot start the test runner")?;
    Ok(status.code().unwrap_or(1))
}

/// Fails when the wasm file imports anything.
pub(crate) fn check_no_imports(file: &Path) -> Result<()> {
    let module = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let imports = Module::parse(&module)
        .with_context(|| file.display().to_string())?
        .imports;
    if !imports.is_empty() {
        bail!(
            "{} imports from its host: {}",
            file.display(),
            imports.join(", ")
        );
    }
    println!(
        "{} imports nothing ({} bytes)",
        file.display(),
        module.len()
    );
    Ok(())
}
