//! `cargo xtask bench`: what a session costs beside the browser's bare `WebSocket`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::page::{self, Build};
use crate::process::{built_binary, cargo, find_program, run, target_dir};
use crate::setup::{self, Need};
use crate::{npm, wasm};

/// Measure echoes in Chromium against the bare `WebSocket`, with release builds of page and server.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Measure the packed npm package, its `TidewireSocket` behind the gateway included, instead of the Rust client.
    #[arg(long)]
    npm: bool,
}

pub(crate) fn bench(options: &Options) -> Result<()> {
    if options.npm {
        return bench_package();
    }
    setup::require(&[Need::WasmTarget])?;
    let driver = setup::require_chromedriver()?;
    wasm::build_bindgen()?;
    let page = page::build_test_page(Build::Release)?;
    let mut command: Command = cargo();
    command
        .args(["bench", "--package", "tidewire-tests", "--profile", "dev"])
        .args(["--bench", "against_the_bare_websocket"])
        .env(
            "TIDEWIRE_ECHO",
            release("tidewire-server", "tidewire-echo")?,
        )
        .env("TIDEWIRE_TEST_PAGE", page)
        .env("CHROMEDRIVER", driver);
    run(&mut command)
}

fn bench_package() -> Result<()> {
    setup::require(&[Need::WasmTarget])?;
    let chromium =
        setup::chromium().context("Chromium is missing; cargo xtask setup says how to get it")?;
    let node =
        find_program("node").context("node is missing; install Node.js 20 or newer, with npm")?;
    run(Command::new(node)
        .current_dir(npm::unpack_for_tests()?)
        .args(["--test", "--test-reporter=./support/reporter.mjs"])
        .arg("bench/against_the_bare_websocket.mjs")
        .env(
            "TIDEWIRE_ECHO",
            release("tidewire-server", "tidewire-echo")?,
        )
        .env(
            "TIDEWIRE_GATEWAY",
            release("tidewire-gateway", "tidewire-gateway")?,
        )
        .env("CHROMIUM", chromium))
}

/// Builds a program with optimizations, and says where it is.
fn release(package: &str, program: &str) -> Result<PathBuf> {
    run(cargo().args(["build", "--release", "--package", package, "--bin", program]))?;
    let built = built_binary(program)?;
    let name = built.file_name().context("the program has no name")?;
    Ok(target_dir()?.join("release").join(name))
}
