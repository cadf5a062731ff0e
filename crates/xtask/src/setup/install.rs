//! Carries out what the set-up has announced.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Remedy;
use crate::process::{find_program, run_with_clock, state_dir};
use crate::wasm::TARGET;

/// Whether this process may use apt-get.
pub(super) fn is_root() -> bool {
    #[cfg(unix)]
    return nix::unistd::Uid::effective().is_root();
    #[cfg(not(unix))]
    return false;
}

/// The remedy as a command line to type.
pub(super) fn command_line(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Rustup => format!("rustup target add {TARGET}"),
        Remedy::Cargo {
            package, version, ..
        } => {
            format!("cargo install --locked {package} --version {version}")
        }
        Remedy::Apt(packages) => {
            format!(
                "apt-get install -y --no-install-recommends {}",
                packages.join(" ")
            )
        }
        Remedy::ByHand(hint) => hint.clone(),
    }
}

/// Installs what `name` needs, with the elapsed time on the screen.
pub(super) fn install(name: &str, remedy: &Remedy) -> Result<()> {
    let title = format!("installing {name}");
    match remedy {
        Remedy::Rustup => run_with_clock(
            &title,
            "rustup",
            Command::new("rustup").args(["target", "add", TARGET]),
        ),
        Remedy::Cargo {
            package, version, ..
        } => cargo_install(&title, package, version),
        Remedy::Apt(packages) => apt_install(&title, packages),
        Remedy::ByHand(hint) => bail!("it cannot be installed from here: {hint}"),
    }
}

/// Takes a prebuilt program where cargo-binstall is installed and finds one, else builds it.
fn cargo_install(title: &str, package: &str, version: &str) -> Result<()> {
    if find_program("cargo-binstall").is_some() {
        let spec = format!("{package}@{version}");
        let log = format!("binstall-{package}");
        let mut command = Command::new("cargo");
        command.args([
            "binstall",
            "--no-confirm",
            "--disable-strategies",
            "compile",
            &spec,
        ]);
        match run_with_clock(&format!("{title} (prebuilt)"), &log, &mut command) {
            Ok(()) => return Ok(()),
            Err(error) => println!("  {title}: no prebuilt program ({error:#}); building it"),
        }
    }
    let mut command = Command::new("cargo");
    command
        .args(install_arguments(package, version))
        .env("CARGO_TARGET_DIR", build_dir()?);
    run_with_clock(title, &format!("install-{package}"), &mut command)
}

fn install_arguments<'p>(package: &'p str, version: &'p str) -> Vec<&'p str> {
    let mut arguments = vec!["install", "--locked", package, "--version", version];
    if package == "wasm-bindgen-cli" {
        // TLS is for remote drivers only and takes a minute and a half to build.
        arguments.push("--no-default-features");
    }
    arguments
}

fn apt_install(title: &str, packages: &[&str]) -> Result<()> {
    let mut update = Command::new("apt-get");
    run_with_clock("refreshing apt's lists", "apt-update", update.arg("update"))?;
    let mut command = Command::new("apt-get");
    command
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    run_with_clock(title, "apt-install", &mut command)
}

/// Where `cargo install` builds: shared by all tools of one set-up.
fn build_dir() -> Result<PathBuf> {
    Ok(state_dir()?.join("install"))
}

/// Removes what the builds have left, some gigabytes.
pub(super) fn clean_up() -> Result<()> {
    let folder = build_dir()?;
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}
