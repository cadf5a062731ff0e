//! Packages from the npm registry, installed beside the build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{find_program, run, state_dir};

/// Installs packages into a folder called `name`, if they are not there yet, and returns its `node_modules`; `None` where there
/// is no npm.
pub(crate) fn install(name: &str, packages: &[&str]) -> Result<Option<PathBuf>> {
    let Some(npm) = find_program("npm") else {
        return Ok(None);
    };
    let prefix = state_dir()?.join("npm").join(name);
    let modules = prefix.join("node_modules");
    let installed = prefix.join("installed");
    let wanted = packages.join(" ");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(Some(modules));
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
        .args(packages))?;
    fs::write(installed, wanted)?;
    Ok(Some(modules))
}

/// Installs what a folder's `package-lock.json` names, if that is not there yet; `false` where there is no npm.
pub(crate) fn install_locked(folder: &Path) -> Result<bool> {
    let Some(npm) = find_program("npm") else {
        return Ok(false);
    };
    let lock = folder.join("package-lock.json");
    let wanted =
        fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let installed = folder.join("node_modules/.installed");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(true);
    }
    println!("Installing the packages of {}", lock.display());
    run(Command::new(npm)
        .args([
            "ci",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--prefix",
        ])
        .arg(folder))?;
    fs::write(installed, wanted)?;
    Ok(true)
}

/// Installs a package's tarball beside the packages of a folder, whose lock file does not name it.
pub(crate) fn unpack(tarball: &Path, folder: &Path) -> Result<()> {
    let Some(npm) = find_program("npm") else {
        bail!("npm is missing");
    };
    run(Command::new(npm)
        .args([
            "install",
            "--no-save",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--prefix",
        ])
        .arg(folder)
        .arg(tarball))
}
