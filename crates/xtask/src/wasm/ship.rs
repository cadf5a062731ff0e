//! Builds what ships: as few bytes as can be, and a panic is a trap.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::names::Pair;
use super::optimizer::optimized;
use super::{TARGET, glue, link};
use crate::page;
use crate::process::{cargo, run, state_dir, target_dir, workspace_root};
use crate::registry;

/// A module and its glue, for a page that loads it with `<script type="module">`.
#[derive(Debug)]
pub(crate) struct Shipped {
    /// As wasm-bindgen wrote it, with the names of its functions.
    pub(crate) named: PathBuf,
    pub(crate) wasm: PathBuf,
    pub(crate) glue: PathBuf,
    /// Whether wasm-opt and a minifier went over them: not without npm.
    pub(crate) is_optimized: bool,
}

/// Compiles a package and writes what ships into a folder, the glue minified.
///
/// `module` is what cargo calls its wasm file; `xtask-bindgen` must have been built.
pub(crate) fn ship(package: &str, module: &str, folder: &Path) -> Result<Shipped> {
    let shipped = ship_with(package, module, folder, &["--no-typescript"], glue::shorten)?;
    if shipped.is_optimized
        && let Some(programs) = programs()?
    {
        minify(&programs, &shipped.glue, &shipped.glue)?;
    }
    Ok(shipped)
}

/// The same with a glue that a bundler is still to read, without a loader, and with its declarations. Returns the path
/// of those too.
pub(crate) fn ship_parts(package: &str, module: &str, folder: &Path) -> Result<(Shipped, PathBuf)> {
    let shipped = ship_with(
        package,
        module,
        folder,
        &["--omit-default-module-path"],
        |glue| glue::without_loader(&glue::shorten(glue)?),
    )?;
    let declarations = format!("{package}.d.ts");
    let types = text(&shipped.named.with_file_name(&declarations))?;
    let written = folder.join(declarations);
    write(&written, glue::types_without_loader(&types)?.as_bytes())?;
    Ok((shipped, written))
}

/// Compiles, with further options for wasm-bindgen, and writes the module and a changed glue into a folder.
fn ship_with(
    package: &str,
    module: &str,
    folder: &Path,
    options: &[&str],
    change: impl FnOnce(&str) -> Result<String>,
) -> Result<Shipped> {
    const PROFILE: &str = "wasm-release";
    let mut build = cargo();
    build
        .args(["build", "--package", package])
        .args(["--target", TARGET, "--profile", PROFILE]);
    link::without_panics(&mut build)?;
    run(&mut build)?;
    let built = target_dir()?.join(TARGET).join(PROFILE).join(module);

    let named = state_dir()?.join("named").join(package);
    fs::create_dir_all(&named).with_context(|| format!("cannot create {}", named.display()))?;
    page::bindgen(&built, &named, package, options)?;
    let mut shipped = Shipped {
        named: named.join(format!("{package}_bg.wasm")),
        wasm: folder.join(format!("{package}_bg.wasm")),
        glue: folder.join(format!("{package}.js")),
        is_optimized: false,
    };
    let long = Pair {
        wasm: read(&shipped.named)?,
        glue: change(&text(&named.join(format!("{package}.js")))?)?,
    };
    let short = long.shortened(&format!("./{package}_bg.js"))?;
    write(&shipped.glue, short.glue.as_bytes())?;
    let Some(programs) = programs()? else {
        write(&shipped.wasm, &short.wasm)?;
        return Ok(shipped);
    };
    let program = programs.join("wasm-opt");
    let version = text(&package_folder().join("package-lock.json"))?;
    let kept = state_dir()?.join("optimized").join(package);
    write(
        &shipped.wasm,
        &optimized(&program, &version, kept, &short.wasm)?,
    )?;
    shipped.is_optimized = true;
    Ok(shipped)
}

/// Writes a style sheet into a folder under its own name, minified where there is npm. Returns its path.
pub(crate) fn ship_style(source: &Path, folder: &Path) -> Result<PathBuf> {
    let name = source.file_name().context("a style sheet has no name")?;
    let shipped = folder.join(name);
    match programs()? {
        Some(programs) => minify(&programs, source, &shipped)?,
        None => write(&shipped, &read(source)?)?,
    }
    Ok(shipped)
}

/// The folder of wasm-opt and of the minifier: those that build the npm package. None without npm.
fn programs() -> Result<Option<PathBuf>> {
    let folder = package_folder();
    Ok(registry::install_locked(&folder)?.then(|| folder.join("node_modules/.bin")))
}

fn package_folder() -> PathBuf {
    workspace_root().join("crates/tidewire-js")
}

/// Minifies a module or a style sheet, which may take its own place.
fn minify(programs: &Path, source: &Path, minified: &Path) -> Result<()> {
    run(Command::new(programs.join("esbuild"))
        .arg(source)
        .args(["--minify", "--log-level=warning", "--allow-overwrite"])
        .arg(format!("--outfile={}", minified.display())))
}

pub(super) fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn text(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

pub(super) fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}
