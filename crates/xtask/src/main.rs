//! The commands of the tidewire workspace: `cargo xtask demo`, `cargo xtask test` and others.

mod bench;
mod demo;
mod npm;
mod page;
mod process;
mod registry;
mod screenshots;
mod server;
mod setup;
mod simulate;
mod size;
mod soak;
mod suite;
mod tools;
mod wasm;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use wasm::link;

/// The commands of the tidewire workspace.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true
)]
enum Task {
    Demo(demo::Options),
    Test(suite::Options),
    Bench(bench::Options),
    Simulate(simulate::Options),
    Size(size::Options),
    Screenshots(screenshots::Options),
    Soak(soak::Options),
    Npm(npm::Options),
    Setup(setup::Options),

    /// Run the tests of one wasm file; cargo calls this for the wasm32 target.
    #[command(hide = true)]
    WasmTestRunner {
        /// The file, and what `wasm-bindgen-test-runner` understands.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let performed = if link::is_wanted() {
        link::link(env::args_os().skip(1)).map(exit_code)
    } else {
        perform(Task::parse())
    };
    match performed {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<ExitCode> {
    match task {
        Task::Demo(options) => demo::demo(&options)?,
        Task::Test(options) => return suite::test(&options),
        Task::Bench(options) => bench::bench(&options)?,
        Task::Simulate(options) => simulate::simulate(&options)?,
        Task::Screenshots(options) => screenshots::screenshots(&options)?,
        Task::Soak(options) => soak::soak(&options)?,
        Task::Size(options) => size::size(&options)?,
        Task::Npm(options) => npm::npm(&options)?,
        Task::Setup(options) => setup::setup(&options)?,
        Task::WasmTestRunner { arguments } => {
            return wasm::run_tests(&arguments).map(exit_code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
