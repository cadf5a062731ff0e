//! The browsers and their drivers: where they are, and how they are installed on this system.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Remedy, install};
use crate::process::find_program;
use crate::tools::{APT_CHROMIUM, APT_FIREFOX, CHROMIUM_PROGRAMS, FIREFOX_PROGRAMS};

/// The driver that controls [`chromium`].
pub(crate) fn chromedriver() -> Option<PathBuf> {
    driver("CHROMEDRIVER", &["chromedriver", "chromium.chromedriver"])
}

/// The driver that controls [`chromium`], or what to do about its absence.
pub(crate) fn require_chromedriver() -> Result<PathBuf> {
    chromedriver().context("chromedriver is missing; cargo xtask setup says how to get it")
}

/// The driver that controls a Firefox.
pub(crate) fn geckodriver() -> Option<PathBuf> {
    driver("GECKODRIVER", &["geckodriver"])
}

/// A Chromium or Chrome.
pub(crate) fn chromium() -> Option<PathBuf> {
    any_program(CHROMIUM_PROGRAMS).or_else(|| {
        installed_at(&[
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
            r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        ])
    })
}

/// A Firefox.
pub(crate) fn firefox() -> Option<PathBuf> {
    any_program(FIREFOX_PROGRAMS).or_else(|| {
        installed_at(&[
            "/Applications/Firefox.app/Contents/MacOS/firefox",
            r"C:\Program Files\Mozilla Firefox\firefox.exe",
        ])
    })
}

fn driver(variable: &str, names: &[&str]) -> Option<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .or_else(|| any_program(names))
}

fn any_program(names: &[&str]) -> Option<PathBuf> {
    names.iter().find_map(|name| find_program(name))
}

fn installed_at(paths: &[&str]) -> Option<PathBuf> {
    paths.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// How Chromium and its driver are installed.
pub(super) fn remedy_for_chromium() -> Remedy {
    browser_packages(
        APT_CHROMIUM,
        "snap install chromium (it brings chromium.chromedriver)",
        "brew install --cask chromium chromedriver",
        "winget install Google.Chrome Chromium.ChromeDriver",
    )
}

/// How Firefox is installed; its driver is a need of its own.
pub(super) fn remedy_for_firefox() -> Remedy {
    browser_packages(
        APT_FIREFOX,
        "snap install firefox (it brings geckodriver)",
        "brew install --cask firefox",
        "winget install Mozilla.Firefox",
    )
}

/// How a browser is installed on this system.
fn browser_packages(
    debian: &'static [&'static str],
    ubuntu: &str,
    mac: &str,
    windows: &str,
) -> Remedy {
    if cfg!(target_os = "macos") {
        return Remedy::ByHand(mac.to_owned());
    }
    if cfg!(windows) {
        return Remedy::ByHand(windows.to_owned());
    }
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |name: &str| {
        release
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.trim_matches('"').to_owned())
            .unwrap_or_default()
    };
    let id = field("ID=");
    if id == "ubuntu" {
        return Remedy::ByHand(ubuntu.to_owned());
    }
    if id != "debian" && !field("ID_LIKE=").contains("debian") {
        return Remedy::ByHand(format!(
            "install what your system calls {}",
            debian.join(" and ")
        ));
    }
    if install::is_root() {
        Remedy::Apt(debian)
    } else {
        Remedy::ByHand(format!(
            "sudo {}",
            install::command_line(&Remedy::Apt(debian))
        ))
    }
}
