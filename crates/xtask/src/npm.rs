//! `cargo xtask npm`: the npm package `tidewire`, as a folder and as the tarball that would be published.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{find_program, run, target_dir, workspace_root};
use crate::registry;
use crate::size::Sizes;
use crate::wasm;

/// Bytes of brotli that an application pays for `Client`: wasm, glue and the package's own code, minified.
const CLIENT_BUDGET: u64 = 33_300;

/// What stands in the package's manifest for the workspace's version.
const PLACEHOLDER: &str = "\"version\": \"0.0.0\"";

/// Which WebSocket the package's code gets where it runs in a browser.
const BROWSER: &str = "--inject:ts/native.ts";

/// Build the npm package into target/npm/tidewire, with its tarball beside it, and print what it costs a page.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

pub(crate) fn npm(_: &Options) -> Result<()> {
    let package = build()?;
    println!(
        "\n{}\n{}",
        package.folder.display(),
        package.tarball.display()
    );
    package.weigh()
}

/// The package, built.
pub(crate) struct Package {
    pub(crate) folder: PathBuf,
    pub(crate) tarball: PathBuf,
    /// Where the tools that built it are, and what it was built from.
    source: PathBuf,
}

/// Builds the package from nothing.
pub(crate) fn build() -> Result<Package> {
    let source = workspace_root().join("crates/tidewire-js");
    if !registry::install_locked(&source)? {
        bail!(
            "npm is missing: it brings the TypeScript compiler and the bundler; install Node.js 20 or newer"
        );
    }
    let generated = source.join("ts/generated");
    build_wasm(&generated)?;

    let out = target_dir()?.join("npm");
    let folder = out.join("tidewire");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let dist = folder.join("dist");
    fs::create_dir_all(&dist)?;
    let package = Package {
        tarball: out.join(format!("tidewire-{}.tgz", version())),
        folder,
        source,
    };
    package.compile(&dist)?;
    fs::copy(generated.join("tidewire.wasm"), dist.join("tidewire.wasm"))?;
    package.write_manifest()?;
    for file in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(workspace_root().join(file), package.folder.join(file))?;
    }
    fs::copy(
        package.source.join("npm/README.md"),
        package.folder.join("README.md"),
    )?;
    run(program("npm")?
        .args(["pack", "--silent", "--pack-destination"])
        .arg(&out)
        .arg(&package.folder))?;
    Ok(package)
}

/// Builds the package, weighs it, and unpacks its tarball among the packages of its tests, whose folder comes back.
pub(crate) fn unpack_for_tests() -> Result<PathBuf> {
    let tests = workspace_root().join("tests/npm");
    let package = build()?;
    package.weigh()?;
    if !registry::install_locked(&tests)? {
        bail!("npm is missing: it brings what the tests need");
    }
    registry::unpack(&package.tarball, &tests)?;
    Ok(tests)
}

/// Compiles the wasm and its glue into the folder that the TypeScript imports them from.
fn build_wasm(generated: &Path) -> Result<()> {
    const PACKAGE: &str = "tidewire-js";
    wasm::build_bindgen()?;
    fs::create_dir_all(generated)?;
    let (shipped, types) = wasm::ship_parts(PACKAGE, "tidewire_js.wasm", generated)?;
    fs::rename(types, generated.join("core.d.ts"))?;
    fs::rename(shipped.glue, generated.join("core.js"))?;
    fs::rename(shipped.wasm, generated.join("tidewire.wasm"))?;
    Ok(())
}

impl Package {
    /// Bundles the TypeScript and writes the declarations.
    fn compile(&self, dist: &Path) -> Result<()> {
        // One file for each part, so that an application which uses one of them ships no other.
        let parts = ["ts/index.ts", "ts/client.ts", "ts/socket.ts"];
        let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
        self.bundle(
            &parts,
            &[
                BROWSER,
                "--splitting",
                "--format=esm",
                &flag("outdir", dist),
            ],
        )?;
        self.bundle(
            &["ts/index.ts"],
            &[
                "--inject:ts/native-node.ts",
                "--format=esm",
                "--platform=neutral",
                "--conditions=node",
                "--external:node:fs/promises",
                &flag("outfile", &dist.join("node.js")),
            ],
        )?;
        self.bundle(
            &["ts/standalone.ts"],
            &[
                BROWSER,
                "--minify",
                "--format=iife",
                "--conditions=inline",
                "--loader:.wasm=binary",
                &flag("outfile", &dist.join("standalone.js")),
            ],
        )?;
        run(Command::new(self.tool("tsc"))
            .current_dir(&self.source)
            .args(["--emitDeclarationOnly", "--stripInternal", "--outDir"])
            .arg(dist))
    }

    fn bundle(&self, entries: &[&str], options: &[&str]) -> Result<()> {
        run(Command::new(self.tool("esbuild"))
            .current_dir(&self.source)
            .args(entries)
            .args(["--bundle", "--target=es2022", "--log-level=warning"])
            .args(options))
    }

    fn write_manifest(&self) -> Result<()> {
        let template = self.source.join("npm/package.json");
        let manifest = fs::read_to_string(&template)
            .with_context(|| format!("cannot read {}", template.display()))?;
        let Some((before, after)) = manifest.split_once(PLACEHOLDER) else {
            bail!("{} has no {PLACEHOLDER}", template.display());
        };
        let versioned = format!("{before}\"version\": \"{}\"{after}", version());
        fs::write(self.folder.join("package.json"), versioned)?;
        Ok(())
    }

    /// Prints what a page pays, and fails above the budget.
    pub(crate) fn weigh(&self) -> Result<()> {
        let wasm = Sizes::of(&self.folder.join("dist/tidewire.wasm"))?;
        println!("\n{:<26} {:>9} {:>9} {:>9}", "", "raw", "gzip", "brotli");
        wasm.print("wasm");
        let client = self.minified("ts/client.ts")?;
        client.print("Client, minified");
        self.minified("ts/socket.ts")?
            .print("TidewireSocket, minified");
        self.minified("ts/index.ts")?.print("all, minified");
        Sizes::of(&self.folder.join("dist/standalone.js"))?.print("standalone script");
        let together = wasm.plus(&client);
        together.print("Client with wasm");
        together.hold_to(CLIENT_BUDGET, "the package's Client")
    }

    /// What one part of the package's code takes, as an application's bundler would make it.
    fn minified(&self, entry: &str) -> Result<Sizes> {
        let minified = self.source.join("ts/generated/minified.js");
        let outfile = format!("--outfile={}", minified.display());
        self.bundle(&[entry], &[BROWSER, "--minify", "--format=esm", &outfile])?;
        Sizes::of(&minified)
    }

    fn tool(&self, name: &str) -> PathBuf {
        self.source.join("node_modules/.bin").join(name)
    }
}

/// The workspace's version, which the package has too.
const fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

fn program(name: &str) -> Result<Command> {
    find_program(name)
        .map(Command::new)
        .with_context(|| format!("{name} is missing"))
}
