//! `cargo xtask screenshots`: takes the pictures of the README from the real page.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::page::{self, Build};
use crate::process::{built_binary, cargo, run, workspace_root};
use crate::setup::{self, Need};

/// Take the README's pictures of the demo page, in docs/screenshots.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Take the whole page instead, at three widths, light and dark, into this folder.
    #[arg(long, value_name = "FOLDER")]
    whole: Option<PathBuf>,
}

pub(crate) fn screenshots(options: &Options) -> Result<()> {
    setup::require(&[Need::WasmTarget, Need::Chromium])?;
    page::build_programs()?;
    let folder = match &options.whole {
        Some(folder) => std::path::absolute(folder)?,
        None => workspace_root().join("docs").join("screenshots"),
    };
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut command = cargo();
    command
        .args(["run", "--quiet", "--package", "tidewire-tests"])
        .args(["--example", "take_screenshots", "--"])
        .arg(folder)
        .args(options.whole.is_some().then_some("--all"));
    run(command
        .env("TIDEWIRE_ECHO", built_binary("tidewire-echo")?)
        .env("TIDEWIRE_PRINCIPLE", built_binary("tidewire-principle")?)
        .env("TIDEWIRE_PAGE", page::build(Build::Dev)?)
        .env("CHROMEDRIVER", setup::require_chromedriver()?))
}
