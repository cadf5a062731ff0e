//! Short names between a module and its glue, where wasm-bindgen writes long ones with hashes.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::reader::{Reader, write_name, write_number};

/// A module and its glue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) wasm: Vec<u8>,
    pub(crate) glue: String,
}

/// What the module that the glue's functions are in is called.
const MODULE: &str = "m";

const IMPORT: u8 = 2;
const EXPORT: u8 = 7;

impl Pair {
    /// The same module and glue, joined by short names. What the module exports and the glue does not use is no longer exported.
    ///
    /// `from` is the module from which the glue's own functions are imported, and becomes `m`; the names of others stay.
    ///
    /// # Errors
    ///
    /// When the bytes are not a wasm module, or the glue lacks what the module imports.
    pub(crate) fn shortened(&self, from: &str) -> Result<Self> {
        ensure!(
            self.wasm.starts_with(b"\0asm\x01\0\0\0"),
            "not a wasm module of version 1"
        );
        let mut reader = Reader::new(&self.wasm);
        let mut wasm = reader.take(8)?.to_vec();
        let mut glue = Glue::new(&self.glue);
        ensure!(
            glue.rename(Place::Module, from, MODULE),
            "the glue does not name the module `{from}`"
        );
        while !reader.is_empty() {
            let id = reader.byte()?;
            let length = reader.number()?;
            let content = reader.take(length)?;
            let content = match id {
                IMPORT => shorten_imports(content, from, &mut glue)?,
                EXPORT => shorten_exports(content, &mut glue)?,
                _ => content.to_vec(),
            };
            wasm.push(id);
            write_number(&mut wasm, content.len());
            wasm.extend(content);
        }
        Ok(Self {
            wasm,
            glue: glue.text(),
        })
    }
}

fn shorten_imports(section: &[u8], from: &str, glue: &mut Glue<'_>) -> Result<Vec<u8>> {
    let mut reader = Reader::new(section);
    let count = reader.number()?;
    let mut shortened = Vec::new();
    write_number(&mut shortened, usize::try_from(count)?);
    for index in 0..count {
        let (module, name) = (reader.name()?, reader.name()?);
        if module == from {
            write_name(&mut shortened, MODULE);
            let short = short_name(index);
            ensure!(
                glue.rename(Place::Import, name, &short),
                "the glue has no `{name}`, which the module imports"
            );
            write_name(&mut shortened, &short);
        } else {
            write_name(&mut shortened, module);
            write_name(&mut shortened, name);
        }
        let start = reader.position();
        reader.import_type_is_function()?;
        shortened.extend_from_slice(&section[start..reader.position()]);
    }
    Ok(shortened)
}

fn shorten_exports(section: &[u8], glue: &mut Glue<'_>) -> Result<Vec<u8>> {
    let mut reader = Reader::new(section);
    let mut kept = Vec::new();
    let mut exports = 0;
    for index in 0..reader.number()? {
        let name = reader.name()?;
        let start = reader.position();
        reader.byte()?;
        reader.number()?;
        let short = short_name(index);
        if glue.rename(Place::Export, name, &short) {
            write_name(&mut kept, &short);
            kept.extend_from_slice(&section[start..reader.position()]);
            exports += 1;
        }
    }
    let mut shortened = Vec::new();
    write_number(&mut shortened, exports);
    shortened.extend(kept);
    Ok(shortened)
}

/// `a` to `z`, then `ba`, `bb` and so on. Every one may name a property, reserved words too.
fn short_name(mut index: u32) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'a' + (index % 26) as u8));
        index /= 26;
        if index == 0 {
            return letters.iter().rev().collect();
        }
    }
}

/// Where in the glue a name stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// `wasm.NAME`
    Export,
    /// `NAME: function`
    Import,
    /// `"NAME"`
    Module,
}

/// The glue, cut at its identifiers.
struct Glue<'g> {
    words: Vec<String>,
    places: BTreeMap<(Place, &'g str), Vec<usize>>,
}

impl<'g> Glue<'g> {
    fn new(text: &'g str) -> Self {
        let mut words = Vec::new();
        let mut places = BTreeMap::<_, Vec<usize>>::new();
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let mut rest = text;
        let mut before = [""; 2];
        while let Some(first) = rest.chars().next() {
            let end = if is_part(first) {
                rest.find(|c| !is_part(c))
            } else if before[1] == "\"" && rest.starts_with("./") {
                rest.find('"')
            } else {
                Some(first.len_utf8())
            };
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            let place = match before {
                ["wasm", "."] => Some(Place::Export),
                [_, "\""] if after.starts_with("\": ") => Some(Place::Module),
                _ if after.starts_with(": function") => Some(Place::Import),
                _ => None,
            };
            if let Some(place) = place {
                places.entry((place, word)).or_default().push(words.len());
            }
            words.push(word.to_owned());
            before = [before[1], word];
            rest = after;
        }
        Self { words, places }
    }

    /// Puts another name in each place of one; answers whether there is any.
    fn rename(&mut self, place: Place, name: &str, short: &str) -> bool {
        let Some(places) = self.places.get(&(place, name)) else {
            return false;
        };
        for index in places {
            short.clone_into(&mut self.words[*index]);
        }
        true
    }

    fn text(&self) -> String {
        self.words.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Imports `__wbg_now_1` and `other.then`, exports `main` and `unused`.
    fn module() -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        let imports = b"\x02\x06./m.js\x0b__wbg_now_1\x00\x00\x05other\x04then\x00\x00";
        let exports = b"\x02\x04main\x00\x00\x06unused\x00\x01";
        for (id, content) in [(IMPORT, &imports[..]), (EXPORT, &exports[..])] {
            wasm.push(id);
            write_number(&mut wasm, content.len());
            wasm.extend_from_slice(content);
        }
        wasm
    }

    #[test]
    fn both_sides_get_the_same_short_names_and_other_modules_keep_theirs() {
        let pair = Pair {
            wasm: module(),
            glue: r#"__wbg_now_1: function() { wasm.main(mainly); } "./m.js": import0"#.to_owned(),
        };
        let shortened = pair.shortened("./m.js").unwrap();
        assert_eq!(
            shortened.glue,
            r#"a: function() { wasm.a(mainly); } "m": import0"#
        );
        let mut expected = b"\0asm\x01\0\0\0".to_vec();
        expected.extend_from_slice(b"\x02\x14\x02\x01m\x01a\x00\x00\x05other\x04then\x00\x00");
        expected.extend_from_slice(b"\x07\x05\x01\x01a\x00\x00");
        assert_eq!(shortened.wasm, expected);
    }

    #[test]
    fn glue_that_lacks_an_import_is_an_error() {
        let pair = Pair {
            wasm: module(),
            glue: r#"__wbg_now_2: function() {} "./m.js": import0"#.to_owned(),
        };
        assert!(pair.shortened("./m.js").is_err());
    }

    #[test]
    fn no_two_short_names_are_alike() {
        let names: std::collections::BTreeSet<_> = (0..2_000).map(short_name).collect();
        assert_eq!(names.len(), 2_000);
    }
}
