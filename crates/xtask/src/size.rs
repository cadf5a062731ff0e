//! `cargo xtask size`: how many bytes the smallest client application, and the demo page, cost their users.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::{first_line, is_ci, state_dir, workspace_root};
use crate::wasm::{self, Module};

/// Something that is measured.
struct Subject {
    package: &'static str,
    /// What cargo calls its wasm file.
    module: &'static str,
    what: &'static str,
    /// The document that loads it and its style sheet, in the workspace.
    page: Option<Page>,
    /// Bytes of brotli, all files together, that it must stay under; none where there is only an aim.
    budget: Option<u64>,
}

/// What a subject has beside its wasm and glue.
struct Page {
    document: &'static str,
    style: &'static str,
}

const SUBJECTS: [Subject; 2] = [
    Subject {
        package: "tidewire-smallest-client",
        module: "tidewire_smallest_client.wasm",
        what: "The smallest client application",
        page: None,
        budget: None,
    },
    Subject {
        package: "tidewire-demo",
        module: "tidewire-demo.wasm",
        what: "The demo page",
        page: Some(Page {
            document: "index.html",
            style: "demo/style.css",
        }),
        budget: Some(150_000),
    },
];

/// Compresses the file named last and prints `gzip brotli` in bytes, at the levels of a CDN that
/// compresses once.
const COMPRESS: &str = "const zlib = require('zlib'); const bytes = \
    require('fs').readFileSync(process.argv[1]); console.log(zlib.gzipSync(bytes, {level: \
    9}).length, zlib.brotliCompressSync(bytes).length)";

/// Measure the smallest client application and the demo page: raw, gzip and brotli bytes of wasm and glue.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Also list this many of the largest functions.
    #[arg(long, default_value_t = 0, value_name = "N")]
    functions: usize,

    /// Measure only this package.
    #[arg(long)]
    package: Option<String>,
}

pub(crate) fn size(options: &Options) -> Result<()> {
    wasm::build_bindgen()?;
    let is_wanted = |subject: &&Subject| {
        let wanted = options.package.as_deref();
        wanted.is_none_or(|wanted| wanted == subject.package)
    };
    let mut subjects = SUBJECTS.iter().filter(is_wanted).peekable();
    if subjects.peek().is_none() {
        let known = SUBJECTS.map(|subject| subject.package).join(" and ");
        bail!("only {known} are measured");
    }
    subjects.try_for_each(|subject| measure(subject, options))
}

fn measure(subject: &Subject, options: &Options) -> Result<()> {
    let Subject {
        package,
        module,
        what,
        page,
        budget,
    } = subject;
    let folder = state_dir()?.join("size").join(package);
    fs::create_dir_all(&folder)?;
    let shipped = wasm::ship(package, module, &folder)?;
    let module = Module::parse(&fs::read(&shipped.named)?)?;

    println!("\n{what}:");
    if !shipped.is_optimized {
        println!("No npm here: the sizes below are without wasm-opt and without a minifier.");
    }
    println!("{:<26} {:>9} {:>9} {:>9}", "", "raw", "gzip", "brotli");
    let wasm = Sizes::of(&shipped.wasm)?;
    let glue = Sizes::of(&shipped.glue)?;
    let mut together = wasm.plus(&glue);
    wasm.print("wasm");
    glue.print("glue");
    if let Some(Page { document, style }) = page {
        let document = workspace_root().join(document);
        let style = wasm::ship_style(&workspace_root().join(style), &folder)?;
        for (name, file) in [("document", document), ("style", style)] {
            let size = Sizes::of(&file)?;
            size.print(name);
            together = together.plus(&size);
        }
    }
    together.print("together");
    print_what_dominates(&module, options.functions);
    match budget {
        Some(budget) => together.hold_to(*budget, what),
        None => Ok(()),
    }
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

/// Bytes as they are, and compressed where node can tell.
pub(crate) struct Sizes {
    raw: u64,
    compressed: Option<(u64, u64)>,
}

impl Sizes {
    pub(crate) fn of(file: &Path) -> Result<Self> {
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

    /// Fails above a budget in bytes of brotli; also in CI where node is missing, since nothing would be held there.
    pub(crate) fn hold_to(&self, budget: u64, what: &str) -> Result<()> {
        match self.compressed {
            Some((_, brotli)) if brotli > budget => {
                bail!("{what} takes {brotli} bytes of brotli, above its budget of {budget}")
            }
            None if is_ci() => {
                bail!(
                    "{what} has a budget in bytes of brotli, which node would tell: it is missing"
                )
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        let compressed = self.compressed.zip(other.compressed).map(
            |((gzip, brotli), (more_gzip, more_brotli))| (gzip + more_gzip, brotli + more_brotli),
        );
        Self {
            raw: self.raw + other.raw,
            compressed,
        }
    }

    pub(crate) fn print(&self, name: &str) {
        let (gzip, brotli) = match self.compressed {
            Some((gzip, brotli)) => (gzip.to_string(), brotli.to_string()),
            None => ("no node".to_owned(), "no node".to_owned()),
        };
        println!("{name:<26} {:>9} {gzip:>9} {brotli:>9}", self.raw);
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
