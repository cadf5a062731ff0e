//! wasm modules: the runner of their tests, and a check of what they import.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{built_binary, cargo, run};

/// The target that browsers run.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Compiles wasm-bindgen and its test runner.
pub(crate) fn build_bindgen() -> Result<()> {
    run(cargo()
        .args([
            "build",
            "--quiet",
            "--package",
            "xtask",
            "--features",
            "bindgen",
        ])
        .args(["--bin", "xtask-bindgen"]))
}

/// Runs the tests in a wasm file, as cargo asks the target's runner to.
///
/// Returns the exit code of the test runner.
pub(crate) fn run_tests(arguments: &[OsString]) -> Result<i32> {
    build_bindgen()?;
    let status = Command::new(built_binary("xtask-bindgen")?)
        .arg("test-runner")
        .args(arguments)
        .status()
        .context("cannot start the test runner")?;
    Ok(status.code().unwrap_or(1))
}

/// What a wasm module wants from its host, as `module.name`.
///
/// # Errors
///
/// When the bytes are not a wasm module, or its import section is malformed.
pub(crate) fn imports(module: &[u8]) -> Result<Vec<String>> {
    const IMPORT_SECTION: u8 = 2;
    let mut rest = match module.strip_prefix(b"\0asm\x01\0\0\0") {
        Some(sections) => Reader { bytes: sections },
        None => bail!("not a wasm module of version 1"),
    };
    let mut found = Vec::new();
    while !rest.bytes.is_empty() {
        let id = rest.byte()?;
        let length = rest.number()?;
        let mut section = Reader {
            bytes: rest.take(length)?,
        };
        if id != IMPORT_SECTION {
            continue;
        }
        for _ in 0..section.number()? {
            let (module, name) = (section.name()?, section.name()?);
            section.skip_import_type()?;
            found.push(format!("{module}.{name}"));
        }
    }
    Ok(found)
}

/// Fails when the wasm file imports anything.
pub(crate) fn check_no_imports(file: &Path) -> Result<()> {
    let module = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let imports = imports(&module).with_context(|| file.display().to_string())?;
    if !imports.is_empty() {
        bail!(
            "{} imports from its host: {}",
            file.display(),
            imports.join(", ")
        );
    }
    println!(
        "{} imports nothing ({} bytes)",
        file.display(),
        module.len()
    );
    Ok(())
}

struct Reader<'m> {
    bytes: &'m [u8],
}

impl<'m> Reader<'m> {
    fn byte(&mut self) -> Result<u8> {
        let (&first, rest) = self
            .bytes
            .split_first()
            .context("the module ends too early")?;
        self.bytes = rest;
        Ok(first)
    }

    fn take(&mut self, length: u32) -> Result<&'m [u8]> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(usize::try_from(length)?)
            .context("the module ends too early")?;
        self.bytes = rest;
        Ok(taken)
    }

    /// An unsigned LEB128 number of at most 32 bits.
    fn number(&mut self) -> Result<u32> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(u32::try_from(value)?);
            }
        }
        bail!("a number of the module is longer than 32 bits")
    }

    fn name(&mut self) -> Result<&'m str> {
        let length = self.number()?;
        Ok(std::str::from_utf8(self.take(length)?)?)
    }

    fn skip_import_type(&mut self) -> Result<()> {
        match self.byte()? {
            // A function: its type's index.
            0x00 => {
                self.number()?;
            }
            // A table: its element's type and limits.
            0x01 => {
                self.byte()?;
                self.skip_limits()?;
            }
            0x02 => self.skip_limits()?,
            // A global: its type and whether it is mutable.
            0x03 => {
                self.take(2)?;
            }
            // A tag: an attribute and its type's index.
            0x04 => {
                self.byte()?;
                self.number()?;
            }
            kind => bail!("an import of the unknown kind {kind}"),
        }
        Ok(())
    }

    fn skip_limits(&mut self) -> Result<()> {
        let has_maximum = self.byte()? & 1 != 0;
        self.number()?;
        if has_maximum {
            self.number()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(sections: &[u8]) -> Vec<u8> {
        [b"\0asm\x01\0\0\0", sections].concat()
    }

    #[test]
    fn a_module_without_an_import_section_imports_nothing() {
        // A custom section of two bytes.
        assert_eq!(
            imports(&module(&[0, 2, 1, b'x'])).unwrap(),
            Vec::<String>::new()
        );
    }

    #[test]
    fn functions_memories_tables_and_globals_are_named() {
        let body = [
            &[4][..],
            b"\x03env\x03now\x00\x81\x01",
            b"\x03env\x06memory\x02\x01\x10\x20",
            b"\x03env\x01t\x01\x70\x00\x01",
            b"\x01j\x01g\x03\x7f\x01",
        ]
        .concat();
        let section = [&[2, u8::try_from(body.len()).unwrap()][..], &body].concat();
        assert_eq!(
            imports(&module(&section)).unwrap(),
            ["env.now", "env.memory", "env.t", "j.g"]
        );
    }

    #[test]
    fn what_is_no_module_or_is_cut_short_is_an_error() {
        assert!(imports(b"MZ").is_err());
        assert!(imports(&module(&[2, 5, 1])).is_err());
        assert!(imports(&module(&[2, 2, 1, 3])).is_err());
        assert!(imports(&module(&[2, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])).is_err());
    }
}
