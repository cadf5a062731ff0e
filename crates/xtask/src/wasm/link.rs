//! This program in the linker's place: it turns panics into traps, then starts the linker.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::traps::replace_panics;

/// Set where cargo is to take this program for the linker.
const LINKING: &str = "XTASK_LINKS";

/// Sees to it that this cargo command links without panics.
pub(crate) fn without_panics(cargo: &mut Command) -> Result<()> {
    let program = env::current_exe().context("this program's own path is unknown")?;
    cargo
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", program)
        .env(LINKING, "1");
    Ok(())
}

/// Whether the compiler started this program as its linker.
pub(crate) fn is_wanted() -> bool {
    env::var_os(LINKING).is_some()
}

/// Links what the compiler names. Returns the linker's exit code.
///
/// # Errors
///
/// When an object cannot be read or written, or the linker cannot be started.
pub(crate) fn link(arguments: impl Iterator<Item = OsString>) -> Result<i32> {
    let mut written = Vec::new();
    // The compiler puts the folder of its own linker on PATH. It names the flavor only to a linker that it knows.
    let mut linker = Command::new("rust-lld");
    let mut arguments = arguments.peekable();
    if arguments.peek().is_some_and(|first| first != "-flavor") {
        linker.args(["-flavor", "wasm"]);
    }
    for argument in arguments {
        if is_object(&argument) {
            let object = write_without_panics(Path::new(&argument))?;
            linker.arg(&object);
            written.push(object);
        } else {
            linker.arg(argument);
        }
    }
    let status = linker.status().context("cannot start rust-lld")?;
    for object in written {
        fs::remove_file(&object).with_context(|| format!("cannot remove {}", object.display()))?;
    }
    Ok(status.code().unwrap_or(1))
}

/// Whether this is an object that the compiler made of the package, and no library.
fn is_object(argument: &OsStr) -> bool {
    argument
        .to_str()
        .is_some_and(|name| name.ends_with(".rcgu.o"))
}

/// Writes an object that traps beside the one that panics, and returns its path.
fn write_without_panics(object: &Path) -> Result<PathBuf> {
    let bytes = fs::read(object).with_context(|| format!("cannot read {}", object.display()))?;
    let replaced = replace_panics(&bytes).with_context(|| object.display().to_string())?;
    let path = object.with_extension("traps.o");
    fs::write(&path, replaced).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
