//! Every outside tool that the workspace uses, with its version: the one place to change one.
//!
//! What npm brings is not listed: `package-lock.json` pins it, in `crates/tidewire-js` (the compiler, the bundler and wasm-opt)
//! and in `tests/npm`. Neither is wasm-bindgen: its version is the `=` requirement of `wasm-bindgen-cli` in the
//! root `Cargo.toml`, which `Cargo.lock` holds every other wasm-bindgen crate to.

/// A program that `cargo install` builds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CargoTool {
    /// The package's name on crates.io.
    pub(crate) package: &'static str,
    /// The program it installs.
    pub(crate) program: &'static str,
    pub(crate) version: &'static str,
    /// What it is needed for, to complete "needed for …".
    pub(crate) purpose: &'static str,
    /// How long two cores take to build it, in minutes.
    pub(crate) minutes: &'static str,
}

pub(crate) const TRUNK: CargoTool = CargoTool {
    package: "trunk",
    program: "trunk",
    version: "0.21.14",
    purpose: "`trunk serve`",
    minutes: "6 to 13",
};

pub(crate) const WASM_PACK: CargoTool = CargoTool {
    package: "wasm-pack",
    program: "wasm-pack",
    version: "0.15.1",
    purpose: "`wasm-pack test`",
    minutes: "3",
};

pub(crate) const GECKODRIVER: CargoTool = CargoTool {
    package: "geckodriver",
    program: "geckodriver",
    version: "0.37.1",
    purpose: "the browser tests in Firefox",
    minutes: "3",
};

/// The accessibility checker of the demo's tests.
pub(crate) const NPM_AXE: &str = "axe-core@4.14.1";

/// Debian's packages: as new as the distribution has them, browser and driver of one version.
pub(crate) const APT_CHROMIUM: &[&str] = &["chromium", "chromium-driver"];
/// Debian has no geckodriver; [`GECKODRIVER`] is built.
pub(crate) const APT_FIREFOX: &[&str] = &["firefox-esr"];

/// The names under which a Chromium or Chrome may be on PATH.
pub(crate) const CHROMIUM_PROGRAMS: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];
/// The names under which a Firefox may be on PATH.
pub(crate) const FIREFOX_PROGRAMS: &[&str] = &["firefox", "firefox-esr"];
