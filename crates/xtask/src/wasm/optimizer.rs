//! wasm-opt, which is not run twice over the same module: it takes most of a minute.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::ship::{read, write};
use crate::process::run;

/// What wasm-opt does. The compiler puts nothing at the first kilobyte of memory, where the stack ends.
const PASSES: &[&str] = &[
    "--low-memory-unused",
    // Larger functions are smaller as calls, once compressed.
    "--always-inline-max-function-size=5",
    "--generate-global-effects",
    "--flatten",
    "--rereloop",
    "-Oz",
    "--generate-global-effects",
    "-Oz",
    "--converge",
    // Once more, in this order, and what is used most gets the lowest numbers: the compressed size gains.
    "--merge-blocks",
    "--optimize-instructions",
    "--vacuum",
    // Engines look at no alignment: where all say the same, it costs nothing.
    "--dealign",
    "--reorder-functions",
    "--reorder-locals",
    "--strip-producers",
    "--strip-target-features",
];

/// Runs the program over a module, unless it did so before. `version` is whatever is another text for another version
/// of it; `folder` is where the last module and the result are kept.
pub(super) fn optimized(
    program: &Path,
    version: &str,
    folder: PathBuf,
    module: &[u8],
) -> Result<Vec<u8>> {
    let kept = Kept {
        recipe: format!("{}\n{version}", PASSES.join(" ")),
        folder,
    };
    kept.or_made(module, |input, output| {
        run(Command::new(program)
            .args(PASSES)
            .arg(input)
            .arg("-o")
            .arg(output))
    })
}

/// A result, with what it was made of.
struct Kept {
    folder: PathBuf,
    /// How it is made.
    recipe: String,
}

impl Kept {
    /// The result for an input: the one that is kept where that was made of the same in the same way, or one that is made now,
    /// from the first file into the second.
    fn or_made(
        &self,
        input: &[u8],
        make: impl FnOnce(&Path, &Path) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let [recipe, input_file, output] =
            ["recipe", "input.wasm", "output.wasm"].map(|name| self.folder.join(name));
        let is_same = fs::read_to_string(&recipe).is_ok_and(|found| found == self.recipe)
            && fs::read(&input_file).is_ok_and(|found| found == input)
            && output.exists();
        if !is_same {
            fs::create_dir_all(&self.folder)
                .with_context(|| format!("cannot create {}", self.folder.display()))?;
            // The recipe comes back when all else is in place, however this ends.
            write(&recipe, b"")?;
            write(&input_file, input)?;
            make(&input_file, &output)?;
            write(&recipe, self.recipe.as_bytes())?;
        }
        read(&output)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn kept(folder: &Path, recipe: &str) -> Kept {
        Kept {
            folder: folder.join("kept"),
            recipe: recipe.to_owned(),
        }
    }

    /// Copies the input, with a mark behind it.
    fn marked(mark: &'static [u8]) -> impl FnOnce(&Path, &Path) -> Result<()> {
        move |input, output| write(output, &[&fs::read(input)?, mark].concat())
    }

    fn fails(_: &Path, _: &Path) -> Result<()> {
        bail!("it failed")
    }

    #[test]
    fn the_same_input_is_taken_once_and_another_anew() {
        let folder = tempfile::tempdir().unwrap();
        let kept = kept(folder.path(), "recipe");
        assert_eq!(kept.or_made(b"a", marked(b"1")).unwrap(), b"a1");
        assert_eq!(kept.or_made(b"a", marked(b"2")).unwrap(), b"a1");
        fs::remove_file(kept.folder.join("output.wasm")).unwrap();
        assert_eq!(kept.or_made(b"a", marked(b"1")).unwrap(), b"a1");
        assert_eq!(kept.or_made(b"b", marked(b"3")).unwrap(), b"b3");
        assert_eq!(kept.or_made(b"a", marked(b"4")).unwrap(), b"a4");
    }

    #[test]
    fn another_recipe_makes_anew() {
        let folder = tempfile::tempdir().unwrap();
        for (recipe, mark, made) in [("one", b"1", b"a1"), ("two", b"2", b"a2")] {
            let kept = kept(folder.path(), recipe);
            assert_eq!(kept.or_made(b"a", marked(mark)).unwrap(), made);
        }
    }

    #[test]
    fn a_failure_leaves_nothing_that_is_taken_for_a_result() {
        let folder = tempfile::tempdir().unwrap();
        let kept = kept(folder.path(), "recipe");
        kept.or_made(b"a", marked(b"1")).unwrap();
        assert!(kept.or_made(b"b", fails).is_err());
        assert_eq!(kept.or_made(b"b", marked(b"2")).unwrap(), b"b2");
    }
}
