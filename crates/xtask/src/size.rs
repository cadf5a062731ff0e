//! `cargo xtask size`: how many bytes the smallest client application costs its users.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::page;
use crate::process::{cargo, find_program, first_line, run, state_dir, target_dir};
use crate::tools::{NPM_BINARYEN, NPM_ESBUILD};
use crate::wasm::{self, TARGET};

const CLIENT: &str = "tidewire-smallest-client";

/// Compresses the file named last and prints `gzip brotli` in bytes, at the levels of a CDN that
/// compresses once.
const COMPRESS: &str = "const zlib = require('zlib'); const bytes = \
    require('fs').readFileSync(process.argv[1]); console.log(zlib.gzipSync(bytes, {level: \
    9}).length, zlib.brotliCompressSync(bytes).length)";

pub(crate) fn size() -> Result<()> {
    wasm::build_bindgen()?;
    run(cargo()
        .args(["build", "--profile", "wasm-release", "--target", TARGET])
        .args(["--package", CLIENT]))?;
    let folder = state_dir()?.join("size");
    fs::create_dir_all(&folder)?;
    let built = target_dir()?
        .join(TARGET)
        .join("wasm-release")
        .join(format!("{CLIENT}.wasm"));
    page::bindgen(&built, &folder, CLIENT)?;
    let mut wasm = folder.join(format!("{CLIENT}_bg.wasm"));
    let mut glue = folder.join(format!("{CLIENT}.js"));

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
    Ok(())
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
