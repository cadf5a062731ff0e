//! A relocatable wasm object, as the compiler hands it to the linker: its functions, its data, and who refers to what.

use std::ops::Range;

use anyhow::{Context, Result, ensure};

use super::reader::{Reader, write_number};

pub(super) const CUSTOM: u8 = 0;
const IMPORT: u8 = 2;
pub(super) const CODE: u8 = 10;
pub(super) const DATA: u8 = 11;

/// What is known of a relocatable object; all ranges are those of its bytes.
#[derive(Default)]
pub(super) struct Object<'o> {
    bytes: &'o [u8],
    sections: Vec<Section<'o>>,
    imported_functions: u32,
    bodies: Vec<Range<usize>>,
    segments: Vec<Range<usize>>,
    functions: Vec<(u32, &'o str)>,
    /// By the index of their symbol.
    data: Vec<Option<Range<usize>>>,
}

pub(super) struct Section<'o> {
    /// With its header.
    whole: Range<usize>,
    content: Range<usize>,
    id: u8,
    /// Of a custom section.
    name: &'o str,
}

/// A place of the object into which the linker writes the address of something.
pub(super) struct Relocation {
    /// Its bytes in the section of relocations.
    entry: Range<usize>,
    pub(super) kind: u8,
    pub(super) at: usize,
    pub(super) symbol: u32,
}

impl<'o> Object<'o> {
    pub(super) fn parse(bytes: &'o [u8]) -> Result<Self> {
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

    pub(super) fn bytes(&self, range: Range<usize>) -> &'o [u8] {
        &self.bytes[range]
    }

    /// The data that a symbol names.
    pub(super) fn data_of(&self, symbol: u32) -> Option<Range<usize>> {
        self.data.get(usize::try_from(symbol).ok()?)?.clone()
    }

    /// Whether a symbol names just this data.
    pub(super) fn is_named(&self, data: &Range<usize>) -> bool {
        self.data.iter().flatten().any(|named| named == data)
    }

    /// The mangled names of the functions that are defined here, with their bodies.
    pub(super) fn functions(&self) -> impl Iterator<Item = (&'o str, Range<usize>)> {
        self.functions.iter().filter_map(|(index, name)| {
            let index = index.checked_sub(self.imported_functions)?;
            let body = self.bodies.get(usize::try_from(index).ok()?)?;
            Some((*name, body.clone()))
        })
    }

    /// What the sections of this name say, in order.
    pub(super) fn relocations_of(&self, name: &str) -> Result<Vec<Relocation>> {
        let mut relocations = Vec::new();
        for section in self.sections.iter().filter(|section| section.name == name) {
            relocations.extend(self.relocations(section)?);
        }
        Ok(relocations)
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
    pub(super) fn without_relocations(
        &self,
        replaced: &[u8],
        blanks: &[Range<usize>],
    ) -> Result<Vec<u8>> {
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

/// The kinds of relocations that name a place within a symbol.
const fn has_addend(kind: u8) -> bool {
    matches!(kind, 3..=5 | 8 | 9 | 11 | 14..=17 | 21..=23 | 25)
}
