//! Reads from a wasm module what it imports and how big its functions are.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::reader::Reader;

/// What is known about a wasm module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Module {
    /// What it wants from its host, as `module.name`.
    pub(crate) imports: Vec<String>,
    /// Its own functions with the bytes of their bodies, in the module's order. A function without
    /// a name is called by its index.
    pub(crate) functions: Vec<(String, u64)>,
    /// The bytes of its data section.
    pub(crate) data: u64,
}

impl Module {
    /// Reads a module.
    ///
    /// # Errors
    ///
    /// When the bytes are not a wasm module, or a section that is read here is malformed.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        const CUSTOM: u8 = 0;
        const IMPORT: u8 = 2;
        const CODE: u8 = 10;
        const DATA: u8 = 11;

        let Some(sections) = bytes.strip_prefix(b"\0asm\x01\0\0\0") else {
            bail!("not a wasm module of version 1");
        };
        let mut rest = Reader::new(sections);
        let mut module = Self::default();
        let mut imported_functions = 0;
        let mut sizes = Vec::new();
        let mut names = BTreeMap::new();
        while !rest.is_empty() {
            let id = rest.byte()?;
            let length = rest.number()?;
            let mut section = Reader::new(rest.take(length)?);
            match id {
                CUSTOM if section.name()? == "name" => names = section.function_names()?,
                IMPORT => {
                    for _ in 0..section.number()? {
                        let (module_name, name) = (section.name()?, section.name()?);
                        imported_functions += u32::from(section.import_type_is_function()?);
                        module.imports.push(format!("{module_name}.{name}"));
                    }
                }
                CODE => {
                    for _ in 0..section.number()? {
                        let size = section.number()?;
                        section.take(size)?;
                        sizes.push(u64::from(size));
                    }
                }
                DATA => module.data = u64::from(length),
                _ => {}
            }
        }
        module.functions = (imported_functions..)
            .zip(sizes)
            .map(|(index, size)| {
                let name = names
                    .remove(&index)
                    .unwrap_or_else(|| format!("function {index}"));
                (name, size)
            })
            .collect();
        Ok(module)
    }
}

impl Reader<'_> {
    /// The names of functions by index, from what is left of the section `name`.
    fn function_names(&mut self) -> Result<BTreeMap<u32, String>> {
        const FUNCTIONS: u8 = 1;
        let mut names = BTreeMap::new();
        while !self.is_empty() {
            let id = self.byte()?;
            let length = self.number()?;
            let mut part = Reader::new(self.take(length)?);
            if id == FUNCTIONS {
                for _ in 0..part.number()? {
                    names.insert(part.number()?, part.name()?.to_owned());
                }
            }
        }
        Ok(names)
    }

    /// Passes the type of an import; answers whether it is a function's.
    pub(super) fn import_type_is_function(&mut self) -> Result<bool> {
        let kind = self.byte()?;
        match kind {
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
            _ => bail!("an import of the unknown kind {kind}"),
        }
        Ok(kind == 0x00)
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
            Module::parse(&module(&[0, 2, 1, b'x'])).unwrap(),
            Module::default()
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
            Module::parse(&module(&section)).unwrap().imports,
            ["env.now", "env.memory", "env.t", "j.g"]
        );
    }

    #[test]
    fn functions_are_measured_and_named_behind_the_imported_ones() {
        let import = [&[2, 7, 1][..], b"\x01e\x01f\x00\x00"].concat();
        // Two bodies, of two and of three bytes.
        let code = [10, 8, 2, 2, 0, 0x0b, 3, 0, 0x01, 0x0b];
        let data = [11, 1, 0];
        // The function with index 1, the first that is not imported, is `g`.
        let name = [&[0, 11, 4][..], b"name", &[1, 4, 1, 1, 1, b'g']].concat();
        let read = Module::parse(&module(&[&import[..], &code, &data, &name].concat())).unwrap();
        assert_eq!(
            read.functions,
            [("g".to_owned(), 2), ("function 2".to_owned(), 3)]
        );
        assert_eq!(read.data, 1);
    }

    #[test]
    fn what_is_no_module_or_is_cut_short_is_an_error() {
        assert!(Module::parse(b"MZ").is_err());
        assert!(Module::parse(&module(&[2, 5, 1])).is_err());
        assert!(Module::parse(&module(&[2, 2, 1, 3])).is_err());
        assert!(Module::parse(&module(&[2, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])).is_err());
    }
}
