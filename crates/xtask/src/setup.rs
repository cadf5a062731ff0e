//! `cargo xtask setup`: finds what is missing, says so, and installs what it can.

mod browsers;
mod install;

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::{find_program, first_line, workspace_root};
use crate::tools::{CargoTool, GECKODRIVER, TRUNK, WASM_PACK};
use crate::wasm::TARGET;

pub(crate) use browsers::{chromedriver, chromium, firefox, geckodriver, require_chromedriver};

/// Install what the demo and the tests need; does nothing where nothing is missing.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Also trunk, wasm-pack and wasm-bindgen's command line, for `trunk serve` and `wasm-pack
    /// test` without xtask.
    #[arg(long)]
    all: bool,
}

/// Something outside the workspace that a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// The standard library for wasm32.
    WasmTarget,
    /// A Chromium or Chrome with its driver.
    Chromium,
    /// A Firefox.
    Firefox,
    /// Firefox's driver.
    Geckodriver,
    Trunk,
    WasmPack,
    /// wasm-bindgen's command line, which trunk and wasm-pack look for on PATH.
    WasmBindgen,
}

/// How a need can be met.
#[derive(Debug, PartialEq, Eq)]
enum Remedy {
    Rustup,
    Cargo {
        package: &'static str,
        version: String,
        minutes: &'static str,
    },
    Apt(&'static [&'static str]),
    /// Only by the user, with this command or hint.
    ByHand(String),
}

pub(crate) fn setup(options: &Options) -> Result<()> {
    let mut needs = vec![Need::WasmTarget];
    if options.all {
        needs.extend([Need::WasmBindgen, Need::WasmPack, Need::Trunk]);
    }
    let mut unmet = provide_browsers()?;
    unmet.extend(provide(&needs)?);
    let (optional, required): (Vec<_>, Vec<_>) = unmet
        .into_iter()
        .partition(|unmet| unmet.need.is_optional());
    if !optional.is_empty() {
        println!("Optional, and missing:\n{}", list(&optional));
    }
    if !required.is_empty() {
        bail!(
            "some things have to be installed by hand:\n{}",
            list(&required)
        );
    }
    println!("Set-up: everything that is required is here.");
    Ok(())
}

/// Provides the browsers of the tests and returns what could not be installed. A Firefox is
/// optional: without one, its driver is not built.
pub(crate) fn provide_browsers() -> Result<Vec<Unmet>> {
    let mut unmet = provide(&[Need::Chromium, Need::Firefox])?;
    if Need::Firefox.is_met()? {
        unmet.extend(provide(&[Need::Geckodriver])?);
    }
    Ok(unmet)
}

/// Provides what a command cannot do without.
///
/// # Errors
///
/// When something is missing that cannot be installed; the error names the command to run by hand.
pub(crate) fn require(needs: &[Need]) -> Result<()> {
    let unmet = provide(needs)?;
    if unmet.is_empty() {
        return Ok(());
    }
    bail!("this has to be installed by hand first:\n{}", list(&unmet))
}

/// Something that is missing still.
#[derive(Debug)]
pub(crate) struct Unmet {
    need: Need,
    why: String,
}

impl std::fmt::Display for Unmet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{}, needed for {}: {}",
            self.need.name(),
            self.need.purpose(),
            self.why
        )
    }
}

fn list(unmet: &[Unmet]) -> String {
    unmet
        .iter()
        .map(|unmet| format!("  {unmet}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Installs what is missing of `needs` and returns what could not be installed.
pub(crate) fn provide(needs: &[Need]) -> Result<Vec<Unmet>> {
    let mut plan = Vec::new();
    for &need in needs {
        if !need.is_met()? {
            plan.push((need, need.remedy()?));
        }
    }
    if plan.is_empty() {
        return Ok(Vec::new());
    }
    println!("Set-up: these are missing.");
    for (need, remedy) in &plan {
        println!("  {}, needed for {}; {remedy}", need.name(), need.purpose());
    }
    let mut unmet = Vec::new();
    for (need, remedy) in &plan {
        if let Remedy::ByHand(hint) = remedy {
            unmet.push(Unmet {
                need: *need,
                why: hint.clone(),
            });
        } else if let Err(error) = install::install(need.name(), remedy) {
            let why = format!(
                "{error:#}. Is there a network? By hand: {}",
                install::command_line(remedy)
            );
            unmet.push(Unmet { need: *need, why });
        } else if !need.is_met()? {
            let why = "it was installed, but is still not found on PATH".to_owned();
            unmet.push(Unmet { need: *need, why });
        }
    }
    install::clean_up()?;
    Ok(unmet)
}

impl Need {
    fn name(self) -> &'static str {
        match self {
            Self::WasmTarget => "Rust's wasm32 target",
            Self::Chromium => "Chromium with chromedriver",
            Self::Firefox => "Firefox",
            Self::Geckodriver => "geckodriver",
            Self::Trunk => "trunk",
            Self::WasmPack => "wasm-pack",
            Self::WasmBindgen => "wasm-bindgen's command line",
        }
    }

    fn is_optional(self) -> bool {
        matches!(self, Self::Firefox | Self::Geckodriver)
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::WasmTarget => "everything that runs in a browser",
            Self::Chromium => "the browser tests",
            Self::Firefox => "the browser tests in Firefox",
            Self::Geckodriver => GECKODRIVER.purpose,
            Self::Trunk => TRUNK.purpose,
            Self::WasmPack => WASM_PACK.purpose,
            Self::WasmBindgen => "`trunk serve` and `wasm-pack test`",
        }
    }

    fn is_met(self) -> Result<bool> {
        Ok(match self {
            Self::WasmTarget => {
                first_line("rustc", ["--print", "target-libdir", "--target", TARGET])
                    .is_some_and(|folder| Path::new(&folder).is_dir())
            }
            Self::Chromium => chromium().is_some() && chromedriver().is_some(),
            Self::Firefox => firefox().is_some(),
            Self::Geckodriver => geckodriver().is_some(),
            Self::Trunk => find_program(TRUNK.program).is_some(),
            Self::WasmPack => find_program(WASM_PACK.program).is_some(),
            Self::WasmBindgen => {
                let wanted = format!("wasm-bindgen {}", wasm_bindgen_version()?);
                find_program("wasm-bindgen")
                    .and_then(|program| first_line(program, ["--version"]))
                    .is_some_and(|version| version == wanted)
            }
        })
    }

    fn remedy(self) -> Result<Remedy> {
        Ok(match self {
            Self::WasmTarget if find_program("rustup").is_some() => Remedy::Rustup,
            Self::WasmTarget => Remedy::ByHand(format!(
                "install Rust by rustup (https://rustup.rs), or your system's package of Rust's \
                 standard library for {TARGET}"
            )),
            Self::Chromium => browsers::remedy_for_chromium(),
            Self::Firefox => browsers::remedy_for_firefox(),
            Self::Geckodriver => Remedy::cargo(GECKODRIVER),
            Self::Trunk => Remedy::cargo(TRUNK),
            Self::WasmPack => Remedy::cargo(WASM_PACK),
            Self::WasmBindgen => Remedy::Cargo {
                package: "wasm-bindgen-cli",
                version: wasm_bindgen_version()?,
                minutes: "3",
            },
        })
    }
}

impl Remedy {
    fn cargo(tool: CargoTool) -> Self {
        Self::Cargo {
            package: tool.package,
            version: tool.version.to_owned(),
            minutes: tool.minutes,
        }
    }
}

impl std::fmt::Display for Remedy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rustup | Self::Apt(_) => {
                write!(out, "will run: {}", install::command_line(self))
            }
            Self::Cargo { minutes, .. } => write!(
                out,
                "will run: {} (about {minutes} minutes to build)",
                install::command_line(self)
            ),
            Self::ByHand(hint) => write!(out, "by hand: {hint}"),
        }
    }
}

/// The version of wasm-bindgen in `Cargo.lock`, which its command line must have too.
pub(crate) fn wasm_bindgen_version() -> Result<String> {
    let lock = workspace_root().join("Cargo.lock");
    let text = std::fs::read_to_string(&lock)
        .with_context(|| format!("cannot read {}", lock.display()))?;
    locked_version(&text, "wasm-bindgen")
        .with_context(|| format!("{} does not name wasm-bindgen", lock.display()))
}

/// The version that a lock file names for a package which occurs once in it.
fn locked_version(lock: &str, package: &str) -> Option<String> {
    let (_, entry) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    entry.split_once('"').map(|(version, _)| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_names_one_version_of_wasm_bindgen_and_its_command_line() {
        let lock = std::fs::read_to_string(workspace_root().join("Cargo.lock")).unwrap();
        let version = wasm_bindgen_version().unwrap();
        assert_eq!(
            locked_version(&lock, "wasm-bindgen-cli").as_ref(),
            Some(&version)
        );
        assert_eq!(lock.matches("name = \"wasm-bindgen\"\n").count(), 1);
    }

    #[test]
    fn the_exact_version_of_wasm_bindgen_is_written_in_one_place() {
        let version = wasm_bindgen_version().unwrap();
        let manifest = std::fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap();
        assert_eq!(manifest.matches(&format!("\"={version}\"")).count(), 1);
        for file in ["Trunk.toml", "README.md", "CONTRIBUTING.md", ".ci/run"] {
            let text = std::fs::read_to_string(workspace_root().join(file)).unwrap();
            assert!(
                !text.contains(&version),
                "{file} repeats wasm-bindgen's version"
            );
        }
    }

    #[test]
    fn a_package_whose_name_only_begins_alike_is_not_taken() {
        let lock = "name = \"wasm-bindgen-cli\"\nversion = \"9.9.9\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), None);
    }

    #[test]
    fn a_missing_cargo_tool_is_installed_in_the_listed_version() {
        let remedy = Need::Trunk.remedy().unwrap();
        assert_eq!(
            install::command_line(&remedy),
            format!("cargo install --locked trunk --version {}", TRUNK.version)
        );
    }
}
