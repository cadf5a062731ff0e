//! Panics become traps: what would be said about them does not ship.
//!
//! This works on the object that the compiler wrote, before it is linked: the linker then leaves out what nothing
//! refers to any more, the formatting of numbers and texts above all.

use std::ops::Range;

use anyhow::{Context, Result, ensure};

use super::reader::{Reader, write_number};

/// Functions that only panic, by the beginnings of their demangled names. A body that is not among
/// them stays as it is, so a new version of the standard library may cost bytes and breaks nothing.
const PANICS: &[&str] = &[
    "__rustc::rust_begin_unwind",
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::capacity_overflow",
    "alloc::raw_vec::handle_error",
    "core::cell::panic_already_",
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::panicking::",
    "core::result::unwrap_failed",
    "core::slice::copy_from_slice_impl::len_mismatch_fail",
    "core::slice::index::slice_index_fail",
    "core::str::slice_error_fail",
    "std::alloc::rust_oom",
    "std::panicking::begin_panic",
    "std::panicking::panic_with_hook",
    "wasm_bindgen::__rt::borrow_fail",
    "wasm_bindgen::throw_str",
];

/// The size of a `core::panic::Location`, which says where in the source a panic came from.
const LOCATION_SIZE: usize = 16;

const CUSTOM: u8 = 0;
const IMPORT: u8 = 2;
const CODE: u8 = 10;
const DATA: u8 = 11;

/// The object with a trap for the body of each function that only panics, and without the names of source files.
///
/// # Errors
///
/// When the bytes are not a relocatable wasm object.
pub(crate) fn replace_panics(object: &[u8]) -> Result<Vec<u8>> {
    let parsed = Object::parse(object)?;
    let mut replaced = object.to_vec();
    let mut blanks = Vec::new();
    for body in parsed.panics() {
        let bytes = &mut replaced[body.clone()];
        // No locals, `unreachable`, then `nop` in place of what was there, and `end`.
        ensure!(bytes.len() >= 3, "the object has a function without a body");
        bytes.fill(0x01);
        bytes[..2].fill(0x00);
        bytes[body.len() - 1] = 0x0b;
        blanks.push(body);
    }
    for location in parsed.locations()? {
        replaced[location.clone()].fill(0);
        blanks.push(location);
    }
    parsed.without_relocations(&replaced, &blanks)
}

/// What is known of a relocatable object; all ranges are those of its bytes.
#[derive(Default)]
struct Object<'o> {
    bytes: &'o [u8],
    sections: Vec<Section<'o>>,
    imported_functions: u32,
    bodies: Vec<Range<usize>>,
    segments: Vec<Range<usize>>,
    functions: Vec<(u32, &'o str)>,
    /// By the index of their symbol.
    data: Vec<Option<Range<usize>>>,
}

struct Section<'o> {
    /// With its header.
    whole: Range<usize>,
    content: Range<usize>,
    id: u8,
    /// Of a custom section.
    name: &'o str,
}

/// A place of the object into which the linker writes the address of something.
struct Relocation {
    /// Its bytes in the section of relocations.
    entry: Range<usize>,
    kind: u8,
    at: usize,
    symbol: u32,
}

impl<'o> Object<'o> {
    fn parse(bytes: &'o [u8]) -> Result<Self> {
        ensure!(
            bytes.starts_with(b"\0asm\x01\0\0\0"),
            "not a wasm object of version 1"
        );
        let mut object = Self {
            bytes,
            ..Self::default()
        };
        let mut reader = Reader::new(bytes);
        reader.take(8)?;
        while !reader.is_empty() {
            let start = reader.position();
            let id = reader.byte()?;
            let length = reader.number()?;
            let from = reader.position();
            let mut section = Reader::new(reader.take(length)?);
            let content = from..reader.position();
            let name = if id == CUSTOM { section.name()? } else { "" };
            match (id, name) {
                (IMPORT, _) => object.read_imports(section)?,
                (CODE, _) => object.read_bodies(section, from)?,
                (DATA, _) => object.read_segments(section, from)?,
                (CUSTOM, "linking") => object.read_linking(section)?,
                _ => {}
            }
            object.sections.push(Section {
                whole: start..content.end,
                content,
                id,
                name,
            });
        }
        Ok(object)
    }

    fn read_imports(&mut self, mut section: Reader<'o>) -> Result<()> {
        for _ in 0..section.number()? {
            section.name()?;
            section.name()?;
            self.imported_functions += u32::from(section.import_type_is_function()?);
        }
        Ok(())
    }

    fn read_bodies(&mut self, mut section: Reader<'o>, from: usize) -> Result<()> {
        for _ in 0..section.number()? {
            let length = section.number()?;
            let start = from + section.position();
            section.take(length)?;
            self.bodies.push(start..from + section.position());
        }
        Ok(())
    }

    fn read_segments(&mut self, mut section: Reader<'o>, from: usize) -> Result<()> {
        for _ in 0..section.number()? {
            // An object has active segments of the one memory, each at a constant address.
            ensure!(section.number()? == 0, "an unknown kind of data segment");
            section.byte()?;
            section.skip_number()?;
            section.byte()?;
            let length = section.number()?;
            let start = from + section.position();
            section.take(length)?;
            self.segments.push(start..from + section.position());
        }
        Ok(())
    }

    /// The symbols, as the tool conventions of WebAssembly lay them out ("Linking").
    fn read_linking(&mut self, mut section: Reader<'o>) -> Result<()> {
        const VERSION: u32 = 2;
        const SYMBOL_TABLE: u8 = 8;
        ensure!(
            section.number()? == VERSION,
            "an unknown version of symbols"
        );
        while !section.is_empty() {
            let kind = section.byte()?;
            let length = section.number()?;
            let mut part = Reader::new(section.take(length)?);
            if kind == SYMBOL_TABLE {
                for _ in 0..part.number()? {
                    self.read_symbol(&mut part)?;
                }
            }
        }
        Ok(())
    }

    fn read_symbol(&mut self, table: &mut Reader<'o>) -> Result<()> {
        const FUNCTION: u8 = 0;
        const DATA: u8 = 1;
        const SECTION: u8 = 3;
        const UNDEFINED: u32 = 0x10;
        const EXPLICIT_NAME: u32 = 0x40;
        let kind = table.byte()?;
        let flags = table.number()?;
        let is_defined = flags & UNDEFINED == 0;
        let mut data = None;
        match kind {
            DATA => {
                table.name()?;
                if is_defined {
                    let segment = usize::try_from(table.number()?)?;
                    let offset = usize::try_from(table.number()?)?;
                    let size = usize::try_from(table.number()?)?;
                    let segment = self.segments.get(segment).context("a missing segment")?;
                    let range = segment.start + offset..segment.start + offset + size;
                    ensure!(range.end <= segment.end, "data outside of its segment");
                    data = Some(range);
                }
            }
            SECTION => {
                table.number()?;
            }
            _ => {
                let index = table.number()?;
                if is_defined || flags & EXPLICIT_NAME != 0 {
                    let name = table.name()?;
                    if kind == FUNCTION && is_defined {
                        self.functions.push((index, name));
                    }
                }
            }
        }
        self.data.push(data);
        Ok(())
    }

    /// The bodies of the functions that only panic.
    fn panics(&self) -> Vec<Range<usize>> {
        let mut bodies = Vec::new();
        for (index, mangled) in &self.functions {
            let name = format!("{:#}", rustc_demangle::demangle(mangled));
            if only_panics(&name) {
                let index = index.checked_sub(self.imported_functions);
                let body = index.and_then(|index| self.bodies.get(usize::try_from(index).ok()?));
                bodies.extend(body.cloned());
            }
        }
        bodies
    }

    /// The values of type `core::panic::Location`: data that begins with the address of a source file's name.
    fn locations(&self) -> Result<Vec<Range<usize>>> {
        const MEMORY_ADDRESS: u8 = 5;
        let mut locations = Vec::new();
        for section in &self.sections {
            if section.name != "reloc.DATA" {
                continue;
            }
            for relocation in self.relocations(section)? {
                let name = self.data_of(relocation.symbol);
                let is_file = relocation.kind == MEMORY_ADDRESS
                    && name.is_some_and(|name| self.bytes[name].ends_with(b".rs\0"));
                let location = relocation.at..relocation.at + LOCATION_SIZE;
                if is_file && self.data.contains(&Some(location.clone())) {
                    locations.push(location);
                }
            }
        }
        Ok(locations)
    }

    fn data_of(&self, symbol: u32) -> Option<Range<usize>> {
        self.data.get(usize::try_from(symbol).ok()?)?.clone()
    }

    fn relocations(&self, section: &Section<'_>) -> Result<Vec<Relocation>> {
        let mut reader = Reader::new(&self.bytes[section.content.clone()]);
        reader.name()?;
        let target = usize::try_from(reader.number()?)?;
        let target = self.sections.get(target).context("a missing section")?;
        let from = section.content.start;
        (0..reader.number()?)
            .map(|_| {
                let start = from + reader.position();
                let kind = reader.byte()?;
                let at = target.content.start + usize::try_from(reader.number()?)?;
                let symbol = reader.number()?;
                if has_addend(kind) {
                    reader.skip_number()?;
                }
                Ok(Relocation {
                    entry: start..from + reader.position(),
                    kind,
                    at,
                    symbol,
                })
            })
            .collect()
    }

    /// The object with these bytes, and without the relocations in the ranges that are blank now.
    fn without_relocations(&self, replaced: &[u8], blanks: &[Range<usize>]) -> Result<Vec<u8>> {
        let mut object = replaced[..8].to_vec();
        for section in &self.sections {
            if section.id != CUSTOM || !section.name.starts_with("reloc.") {
                object.extend_from_slice(&replaced[section.whole.clone()]);
                continue;
            }
            let mut relocations = self.relocations(section)?;
            relocations
                .retain(|relocation| !blanks.iter().any(|blank| blank.contains(&relocation.at)));
            let mut reader = Reader::new(&self.bytes[section.content.clone()]);
            reader.name()?;
            reader.number()?;
            let mut content = self.bytes[section.content.clone()][..reader.position()].to_vec();
            write_number(&mut content, relocations.len());
            for relocation in relocations {
                content.extend_from_slice(&self.bytes[relocation.entry]);
            }
            object.push(CUSTOM);
            write_number(&mut object, content.len());
            object.extend(content);
        }
        Ok(object)
    }
}

/// By a function's demangled name. The checks of `Vec` and its like are functions within the methods that they belong to.
fn only_panics(name: &str) -> bool {
    let is_check = name.contains("alloc::") && name.ends_with("::assert_failed");
    is_check || PANICS.iter().any(|panic| name.starts_with(panic))
}

/// The kinds of relocations that name a place within a symbol.
const fn has_addend(kind: u8) -> bool {
    matches!(kind, 3..=5 | 8 | 9 | 11 | 14..=17 | 21..=23 | 25)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANIC: &str = "_ZN4core9panicking5panic17h0123456789abcdefE";

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let mut section = vec![id];
        write_number(&mut section, content.len());
        section.extend_from_slice(content);
        section
    }

    fn custom(name: &str, content: &[u8]) -> Vec<u8> {
        let mut whole = Vec::new();
        write_number(&mut whole, name.len());
        whole.extend_from_slice(name.as_bytes());
        whole.extend_from_slice(content);
        section(CUSTOM, &whole)
    }

    /// An object with two functions, each of which takes the address of a location, and that location with the name of its
    /// file.
    fn object(first: &str) -> Vec<u8> {
        // No locals, `i32.const` with five bytes for the linker to fill, `drop`, `end`.
        let body = [9, 0, 0x41, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1a, 0x0b];
        let code = [&[2][..], &body, &body].concat();
        let location = [&[0, 0x41, 0, 0x0b, 16][..], &[7; 16]].concat();
        let file = [&[0, 0x41, 16, 0x0b, 5][..], b"a.rs\0"].concat();
        let data = [&[2][..], &location, &file].concat();
        let function = |index, name: &str| {
            let length = u8::try_from(name.len()).unwrap();
            [&[0, 0, index, length][..], name.as_bytes()].concat()
        };
        let symbols = [
            &[4][..],
            &function(0, first),
            &function(1, "other"),
            b"\x01\x00\x01l\x00\x00\x10",
            b"\x01\x00\x01f\x01\x00\x05",
        ]
        .concat();
        let linking = [&[2][..], &section(8, &symbols)].concat();
        [
            b"\0asm\x01\0\0\0".to_vec(),
            section(CODE, &code),
            section(DATA, &data),
            custom("linking", &linking),
            // In section 0: both constants are the address of symbol 2, with no addend.
            custom("reloc.CODE", &[0, 2, 4, 4, 2, 0, 4, 14, 2, 0]),
            // In section 1: the location begins with the address of symbol 3.
            custom("reloc.DATA", &[1, 1, 5, 6, 3, 0]),
        ]
        .concat()
    }

    fn relocations(object: &[u8], name: &str) -> Vec<usize> {
        let object = Object::parse(object).unwrap();
        let mut sections = object.sections.iter();
        let section = sections.find(|section| section.name == name).unwrap();
        let relocations = object.relocations(section).unwrap();
        relocations.iter().map(|relocation| relocation.at).collect()
    }

    #[test]
    fn a_function_that_panics_traps_and_refers_to_nothing() {
        let before = object(PANIC);
        let after = replace_panics(&before).unwrap();
        let parsed = Object::parse(&after).unwrap();
        let bodies: Vec<_> = parsed
            .bodies
            .iter()
            .map(|body| &after[body.clone()])
            .collect();
        assert_eq!(bodies[0], [0, 0x00, 1, 1, 1, 1, 1, 1, 0x0b]);
        assert_eq!(
            bodies[1],
            [0, 0x41, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1a, 0x0b]
        );
        let of_code = relocations(&before, "reloc.CODE");
        assert_eq!(relocations(&after, "reloc.CODE"), of_code[1..]);
    }

    #[test]
    fn a_place_in_the_source_is_blank_and_no_longer_names_its_file() {
        let after = replace_panics(&object(PANIC)).unwrap();
        let parsed = Object::parse(&after).unwrap();
        assert_eq!(after[parsed.segments[0].clone()], [0; 16]);
        assert_eq!(after[parsed.segments[1].clone()], *b"a.rs\0");
        assert!(relocations(&after, "reloc.DATA").is_empty());
    }

    #[test]
    fn other_functions_stay() {
        let before = object("_ZN4core3str8from_raw17h0123456789abcdefE");
        let after = replace_panics(&before).unwrap();
        let code = |object: &[u8]| {
            let parsed = Object::parse(object).unwrap();
            object[parsed.sections[0].whole.clone()].to_vec()
        };
        assert_eq!(code(&after), code(&before));
        assert_eq!(
            relocations(&after, "reloc.CODE"),
            relocations(&before, "reloc.CODE")
        );
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        assert!(replace_panics(b"\x7fELF").is_err());
    }
}
