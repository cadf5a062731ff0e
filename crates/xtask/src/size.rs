//! `cargo xtask size`: how many bytes the smallest client application costs its users.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::page;
use crate::process::{cargo, find_program, first_line, run, state_dir, target_dir};
use crate::tools::{NPM_BINARYEN, NPM_ESBUILD};
use crate::wasm::{self, Module, TARGET};

const CLIENT: &str = "tidewire-smallest-client";

/// Compresses the file named last and prints `gzip brotli` in bytes, at the levels of a CDN that
/// compresses once.
const COMPRESS: &str = "const zlib = require('zlib'); const bytes = \
    require('fs').readFileSync(process.argv[1]); console.log(zlib.gzipSync(bytes, {level: \
    9}).length, zlib.brotliCompressSync(bytes).length)";

/// Measure the smallest client application: raw, gzip and brotli bytes of wasm and glue.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Also list this many of the largest functions.
    #[arg(long, default_value_t = 0, value_name = "N")]
    functions: usize,
}

pub(crate) fn size(options: &Options) -> Result<()> {
    wasm::build_bindgen()?;
    run(cargo()
        .args(["build", "--profile", "wasm-release", "--target", TARGET])
        .args(["--package", CLIENT]))?;
    let folder = state_dir()?.join("size");
    fs::create_dir_all(&folder)?;
    let built = target_dir()?
        .join(TARGET)
        .join("wasm-release")
        .join(format!("{}.wasm", CLIENT.replace('-', "_")));
    page::bindgen(&built, &folder, CLIENT)?;
    let mut wasm = folder.join(format!("{CLIENT}_bg.wasm"));
    let mut glue = folder.join(format!("{CLIENT}.js"));

    let module = Module::parse(&fs::read(&wasm)?)?;

    if let Some(programs) = npm_programs()? {
        wasm = optimize(&programs, &wasm, &folder)?;
        glue = minify(&programs, &glue, &folder)?;
    } else {
        println!("No npm here: the sizes below are without wasm-opt and without a minifier.");
    }
    println!("{:<10} {:>9} {:>9} {:>9}", "", "raw", "gzip", "brotli");
    let wasm = Sizes::of(&wasm)?;
    let glue = Sizes::of(&glue)?;
    wasm.print("wasm");
    glue.print("glue");
    wasm.plus(&glue).print("together");
    print_what_dominates(&module, options.functions);
    Ok(())
}

/// Prints the code by crate, as far as names tell: what the optimizer put into one function counts
/// for that function's crate.
fn print_what_dominates(module: &Module, functions: usize) {
    let mut crates = BTreeMap::<&str, u64>::new();
    for (name, size) in &module.functions {
        *crates.entry(crate_of(name)).or_default() += size;
    }
    let mut crates: Vec<_> = crates.into_iter().collect();
    crates.push(("(data)", module.data));
    crates.sort_by_key(|&(_, size)| Reverse(size));
    println!("\nBefore wasm-opt, in bytes:");
    for (name, size) in crates.into_iter().take(12) {
        println!("{size:>9}  {name}");
    }
    let mut largest: Vec<_> = module.functions.iter().collect();
    largest.sort_by_key(|(_, size)| Reverse(size));
    if functions > 0 {
        println!("\nThe largest functions:");
    }
    for (name, size) in largest.into_iter().take(functions) {
        println!("{size:>9}  {name}");
    }
}

/// The crate that a function's demangled name begins with, be it `crate::f` or `crate[hash]::f`.
fn crate_of(name: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let path = name.trim_start_matches(|c| !is_part(c));
    let path = path.strip_prefix("dyn ").unwrap_or(path);
    match path.split_once(|c| !is_part(c)) {
        Some((first, rest)) if rest.contains("::") || rest.starts_with(':') => first,
        _ => "(others)",
    }
}

/// Installs wasm-opt and esbuild beside the build; `None` where there is no npm.
fn npm_programs() -> Result<Option<PathBuf>> {
    let Some(npm) = find_program("npm") else {
        return Ok(None);
    };
    let prefix = state_dir()?.join("npm");
    let programs = prefix.join("node_modules").join(".bin");
    let installed = prefix.join("installed");
    let wanted = format!("{NPM_BINARYEN} {NPM_ESBUILD}");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(Some(programs));
    }
    fs::create_dir_all(&prefix)?;
    println!("Installing {wanted} into {}", prefix.display());
    run(Command::new(npm)
        .args([
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--prefix",
        ])
        .arg(&prefix)
        .args([NPM_BINARYEN, NPM_ESBUILD]))?;
    fs::write(installed, wanted)?;
    Ok(Some(programs))
}

fn optimize(programs: &Path, wasm: &Path, folder: &Path) -> Result<PathBuf> {
    let optimized = folder.join("optimized.wasm");
    run(Command::new(programs.join("wasm-opt"))
        .arg("-Oz")
        .arg(wasm)
        .arg("-o")
        .arg(&optimized))?;
    Ok(optimized)
}

fn minify(programs: &Path, glue: &Path, folder: &Path) -> Result<PathBuf> {
    let minified = folder.join("minified.js");
    run(Command::new(programs.join("esbuild"))
        .arg(glue)
        .args(["--minify", "--format=esm", "--log-level=warning"])
        .arg(format!("--outfile={}", minified.display())))?;
    Ok(minified)
}

/// Bytes as they are, and compressed where node can tell.
struct Sizes {
    raw: u64,
    compressed: Option<(u64, u64)>,
}

impl Sizes {
    fn of(file: &Path) -> Result<Self> {
        let raw = fs::metadata(file)
            .with_context(|| format!("{} was not built", file.display()))?
            .len();
        let arguments = ["-e".as_ref(), COMPRESS.as_ref(), file.as_os_str()];
        let compressed = first_line("node", arguments).and_then(|line| {
            let (gzip, brotli) = line.split_once(' ')?;
            Some((gzip.parse().ok()?, brotli.trim().parse().ok()?))
        });
        Ok(Self { raw, compressed })
    }

    fn plus(&self, other: &Self) -> Self {
        let compressed = self.compressed.zip(other.compressed).map(
            |((gzip, brotli), (more_gzip, more_brotli))| (gzip + more_gzip, brotli + more_brotli),
        );
        Self {
            raw: self.raw + other.raw,
            compressed,
        }
    }

    fn print(&self, name: &str) {
        let (gzip, brotli) = match self.compressed {
            Some((gzip, brotli)) => (gzip.to_string(), brotli.to_string()),
            None => ("no node".to_owned(), "no node".to_owned()),
        };
        println!("{name:<10} {:>9} {gzip:>9} {brotli:>9}", self.raw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_the_crate_its_name_begins_with() {
        assert_eq!(crate_of("tidewire::driver::Driver::drain::h0"), "tidewire");
        assert_eq!(
            crate_of("<tidewire_proto::Client as core::fmt::Debug>::fmt"),
            "tidewire_proto"
        );
        assert_eq!(crate_of("<dyn core::fmt::Write>::write"), "core");
        assert_eq!(
            crate_of("<dlmalloc[e24a]::dlmalloc::Dlmalloc<dlmalloc[e24a]::sys::System>>::free"),
            "dlmalloc"
        );
        assert_eq!(crate_of("__wbindgen_malloc"), "(others)");
    }
}
