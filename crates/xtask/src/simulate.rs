//! `cargo xtask simulate`: simulated sessions, compiled in the profile `simulate`.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::process::{cargo, run};

/// Run simulated sessions in virtual time; the arguments are tidewire-sim's (see `-- --help`).
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// For example `--seeds 1000000`, or `--seed 42 --trace` to replay one session.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub(crate) fn simulate(options: &Options) -> Result<()> {
    run(command(&[]).args(&options.arguments))
}

/// The simulator, with these cargo features.
pub(crate) fn command(features: &[&str]) -> Command {
    let mut command = cargo();
    command.args([
        "run",
        "--quiet",
        "--profile",
        "simulate",
        "--package",
        "tidewire-sim",
    ]);
    for feature in features {
        command.args(["--features", feature]);
    }
    command.arg("--");
    command
}
