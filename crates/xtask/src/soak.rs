//! `cargo xtask soak`: watches the demo page for minutes and fails when it grows.

use anyhow::Result;

use crate::page::{self, Build};
use crate::process::{built_binary, cargo, run};
use crate::setup::{self, Need};

/// Watch the release build of the demo page in Chromium, with everything in it running, and fail when its heap or its DOM grows.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long; the first two minutes do not count.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(4..=1440))]
    minutes: u64,
}

pub(crate) fn soak(options: &Options) -> Result<()> {
    setup::require(&[Need::WasmTarget, Need::Chromium])?;
    page::build_programs()?;
    let mut command = cargo();
    command
        .args(["run", "--quiet", "--package", "tidewire-tests"])
        .args(["--example", "soak", "--", &options.minutes.to_string()]);
    run(command
        .env("TIDEWIRE_ECHO", built_binary("tidewire-echo")?)
        .env("TIDEWIRE_PRINCIPLE", built_binary("tidewire-principle")?)
        .env("TIDEWIRE_PAGE", page::build(Build::Release)?)
        .env("CHROMEDRIVER", setup::require_chromedriver()?))
}
