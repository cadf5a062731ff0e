//! `cargo xtask bench`: what a session costs beside the browser's bare `WebSocket`.

use std::process::Command;

use anyhow::{Context, Result};

use crate::page::{self, Build};
use crate::process::{built_binary, cargo, run, target_dir};
use crate::setup::{self, Need};
use crate::wasm;

/// Measure echoes in Chromium against the bare `WebSocket`, with release builds of page and server.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

pub(crate) fn bench(_: &Options) -> Result<()> {
    setup::require(&[Need::WasmTarget])?;
    let driver = setup::chromedriver()
        .context("chromedriver is missing; cargo xtask setup says how to get it")?;
    wasm::build_bindgen()?;
    let page = page::build_test_page(Build::Release)?;
    run(cargo().args(["build", "--release", "--package", "tidewire-server"]))?;
    let server = built_binary("tidewire-echo")?;
    let server = target_dir()?
        .join("release")
        .join(server.file_name().context("the server has no name")?);
    let mut command: Command = cargo();
    command
        .args(["bench", "--package", "tidewire-tests", "--profile", "dev"])
        .args(["--bench", "against_the_bare_websocket"])
        .env("TIDEWIRE_ECHO", server)
        .env("TIDEWIRE_TEST_PAGE", page)
        .env("CHROMEDRIVER", driver);
    run(&mut command)
}
