//! Builds pages, the demo's above all: the wasm, its glue and `index.html`, ready to be served.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{built_binary, cargo, run, state_dir, target_dir, workspace_root};
use crate::wasm::{self, TARGET};

const DEMO: &str = "tidewire-demo";

const TEST_PAGE: &str = "tidewire-test-page";

/// Which build of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// Quick to compile, about a megabyte.
    Dev,
    /// As a site would ship it.
    Release,
}

impl Build {
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "wasm-release",
        }
    }
}

/// Compiles the native programs that the page needs: the servers and wasm-bindgen.
pub(crate) fn build_programs() -> Result<()> {
    run(cargo()
        .args([
            "build",
            "--package",
            "tidewire-server",
            "--package",
            "xtask",
        ])
        .args([
            "--features",
            "xtask/bindgen",
            "--bin",
            "tidewire-echo",
            "--bin",
            "tidewire-principle",
            "--bin",
            "xtask-bindgen",
        ]))
}

/// Compiles the demo and writes the page into a folder, which is returned.
///
/// [`build_programs`] must have run.
pub(crate) fn build(build: Build) -> Result<PathBuf> {
    let page = compile(DEMO, &format!("{DEMO}.wasm"), "page", build)?;

    let source = workspace_root().join("index.html");
    let html =
        fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
    let resolved = resolve_links(&html)?;
    for asset in &resolved.styles {
        let source = workspace_root().join(asset);
        match build {
            Build::Dev => copy_into(&source, &page)?,
            Build::Release => wasm::ship_style(&source, &page)?,
        };
    }
    let index = page.join("index.html");
    fs::write(&index, resolved.html)
        .with_context(|| format!("cannot write {}", index.display()))?;
    Ok(page)
}

/// Compiles the page that the tests in `tests/` drive, and returns its folder.
///
/// [`build_programs`] must have run.
pub(crate) fn build_test_page(build: Build) -> Result<PathBuf> {
    let module = format!("{}.wasm", TEST_PAGE.replace('-', "_"));
    let page = compile(TEST_PAGE, &module, "test-page", build)?;
    let source = workspace_root().join("tests/page/index.html");
    fs::copy(&source, page.join("index.html"))
        .with_context(|| format!("cannot copy {}", source.display()))?;
    Ok(page)
}

/// Compiles a package to wasm and writes it with its glue into a folder, which is returned.
fn compile(package: &str, module: &str, name: &str, build: Build) -> Result<PathBuf> {
    let page = state_dir()?.join(name).join(build.folder());
    fs::create_dir_all(&page).with_context(|| format!("cannot create {}", page.display()))?;
    match build {
        Build::Dev => {
            run(cargo()
                .args(["build", "--package", package])
                .args(["--target", TARGET]))?;
            let wasm = target_dir()?.join(TARGET).join("debug").join(module);
            bindgen(&wasm, &page, package, &["--no-typescript"])?;
        }
        Build::Release => {
            wasm::ship(package, module, &page)?;
        }
    }
    Ok(page)
}

/// Runs wasm-bindgen over a module, for a page that loads it with `<script type="module">`.
pub(crate) fn bindgen(wasm: &Path, folder: &Path, name: &str, options: &[&str]) -> Result<()> {
    let mut command = std::process::Command::new(built_binary("xtask-bindgen")?);
    command.args([
        "bindgen",
        "--target",
        "web",
        "--out-name",
        name,
        "--out-dir",
    ]);
    run(command.arg(folder).args(options).arg(wasm))
}

/// Copies a file into a folder under its own name, and returns where it is.
fn copy_into(source: &Path, folder: &Path) -> Result<PathBuf> {
    let name = source.file_name().context("a link names no file")?;
    let copy = folder.join(name);
    fs::copy(source, &copy).with_context(|| format!("cannot copy {}", source.display()))?;
    Ok(copy)
}

#[derive(Debug, PartialEq, Eq)]
struct Resolved {
    html: String,
    /// Style sheets that the page links to, relative to the workspace.
    styles: Vec<String>,
}

/// Replaces the `data-trunk` links of `index.html` by what a browser understands, and leaves out
/// the line that names another server than the one which serves the page.
///
/// # Errors
///
/// When a `data-trunk` link has a kind other than `rust` or `css`, or no link of kind `rust` exists.
fn resolve_links(html: &str) -> Result<Resolved> {
    let mut resolved = Resolved {
        html: String::with_capacity(html.len()),
        styles: Vec::new(),
    };
    let mut loads_demo = false;
    for line in html.lines() {
        let tag = line.trim();
        if tag.contains(r#"<meta name="tidewire-server""#) {
            continue;
        }
        if !tag.starts_with("<link data-trunk") {
            if tag.contains("data-trunk") {
                bail!("index.html: a data-trunk link needs a line of its own: `{tag}`");
            }
            resolved.html.push_str(line);
            resolved.html.push('\n');
            continue;
        }
        match (attribute(tag, "rel"), attribute(tag, "href")) {
            (Some("rust"), _) => {
                loads_demo = true;
                resolved.html.push_str(&load_demo());
            }
            (Some("css"), Some(href)) => {
                let name = href.rsplit('/').next().unwrap_or(href);
                resolved.html.push_str(&format!(
                    "    <link rel=\"stylesheet\" href=\"./{name}\">\n"
                ));
                resolved.styles.push(href.to_owned());
            }
            _ => bail!("index.html: `{tag}` is a data-trunk link that cargo xtask cannot build"),
        }
    }
    if !loads_demo {
        bail!(r#"index.html has no <link data-trunk rel="rust">: nothing would load the demo"#);
    }
    Ok(resolved)
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    value.split_once('"').map(|(value, _)| value)
}

fn load_demo() -> String {
    format!(
        r#"    <link rel="modulepreload" href="./{DEMO}.js">
    <link rel="preload" href="./{DEMO}_bg.wasm" as="fetch" type="application/wasm" crossorigin>
    <script type="module">
      import init from "./{DEMO}.js";
      init({{ module_or_path: "./{DEMO}_bg.wasm" }});
    </script>
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO_LINK: &str = r#"<link data-trunk rel="rust" href="demo/Cargo.toml">"#;

    #[test]
    fn the_rust_link_becomes_a_module_script_and_the_rest_stays() {
        let html = format!("<head>\n<link rel=\"icon\" href=\"data:,\">\n{DEMO_LINK}\n</head>\n");
        let resolved = resolve_links(&html).unwrap();
        assert!(
            resolved
                .html
                .starts_with("<head>\n<link rel=\"icon\" href=\"data:,\">\n")
        );
        assert!(
            resolved
                .html
                .contains("import init from \"./tidewire-demo.js\"")
        );
        assert!(!resolved.html.contains("data-trunk"));
        assert!(resolved.html.ends_with("</head>\n"));
    }

    #[test]
    fn the_line_that_names_another_server_is_left_out() {
        let html = format!("<meta name=\"tidewire-server\" content=\"http://a\">\n{DEMO_LINK}\n");
        assert!(
            !resolve_links(&html)
                .unwrap()
                .html
                .contains("tidewire-server")
        );
    }

    #[test]
    fn a_style_sheet_is_linked_by_its_file_name_and_copied() {
        let html = format!("<link data-trunk rel=\"css\" href=\"demo/style.css\">\n{DEMO_LINK}\n");
        let resolved = resolve_links(&html).unwrap();
        assert!(
            resolved
                .html
                .contains("<link rel=\"stylesheet\" href=\"./style.css\">")
        );
        assert_eq!(resolved.styles, ["demo/style.css"]);
    }

    #[test]
    fn a_page_that_loads_no_demo_is_refused() {
        assert!(resolve_links("<html></html>").is_err());
    }

    #[test]
    fn a_kind_of_link_that_only_trunk_knows_is_refused() {
        let html = format!("<link data-trunk rel=\"tailwind-css\" href=\"a.css\">\n{DEMO_LINK}\n");
        assert!(
            resolve_links(&html)
                .unwrap_err()
                .to_string()
                .contains("tailwind-css")
        );
        assert!(resolve_links(&format!("<body>{DEMO_LINK}</body>")).is_err());
    }

    #[test]
    fn the_page_of_this_workspace_can_be_built() {
        let html = fs::read_to_string(workspace_root().join("index.html")).unwrap();
        assert!(
            !resolve_links(&html)
                .unwrap()
                .html
                .contains("tidewire-server")
        );
    }
}
