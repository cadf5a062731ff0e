//! wasm-bindgen and its test runner, in the version that `Cargo.lock` names.
//!
//! `xtask-bindgen bindgen …` takes the arguments of `wasm-bindgen`, `xtask-bindgen test-runner …`
//! those of `wasm-bindgen-test-runner`. A binary of its own, so that the other commands need not
//! wait for it to compile.

use std::env;
use std::process::ExitCode;

use wasm_bindgen_cli::{wasm_bindgen, wasm_bindgen_test_runner};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let tool = arguments.next().unwrap_or_default();
    let ran = match tool.to_str() {
        Some(name @ "bindgen") => wasm_bindgen::run_cli_with_args(
            std::iter::once(name.into())
                .chain(arguments)
                .collect::<Vec<_>>(),
        ),
        Some(name @ "test-runner") => wasm_bindgen_test_runner::run_cli_with_args(
            std::iter::once(name.into())
                .chain(arguments)
                .collect::<Vec<_>>(),
        ),
        _ => {
            eprintln!("usage: xtask-bindgen bindgen|test-runner ARGUMENTS");
            return ExitCode::from(2);
        }
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
