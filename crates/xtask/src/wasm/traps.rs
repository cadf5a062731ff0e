//! Panics become traps: what would be said about them does not ship.
//!
//! This works on the object that the compiler wrote, before it is linked: the linker then leaves out what nothing
//! refers to any more, the formatting of numbers and texts above all.

use std::ops::Range;

use anyhow::{Result, ensure};

use super::object::Object;

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

/// The object with a trap for the body of each function that only panics, and without the names of source files.
///
/// # Errors
///
/// When the bytes are not a relocatable wasm object.
pub(crate) fn replace_panics(object: &[u8]) -> Result<Vec<u8>> {
    let parsed = Object::parse(object)?;
    let mut replaced = object.to_vec();
    let mut blanks = Vec::new();
    for body in panics(&parsed) {
        let bytes = &mut replaced[body.clone()];
        // No locals, `unreachable`, then `nop` in place of what was there, and `end`.
        ensure!(bytes.len() >= 3, "the object has a function without a body");
        bytes.fill(0x01);
        bytes[..2].fill(0x00);
        bytes[body.len() - 1] = 0x0b;
        blanks.push(body);
    }
    for location in locations(&parsed)? {
        replaced[location.clone()].fill(0);
        blanks.push(location);
    }
    parsed.without_relocations(&replaced, &blanks)
}

/// The bodies of the functions that only panic.
fn panics(object: &Object<'_>) -> impl Iterator<Item = Range<usize>> {
    object
        .functions()
        .filter(|(mangled, _)| only_panics(&format!("{:#}", rustc_demangle::demangle(mangled))))
        .map(|(_, body)| body)
}

/// The values of type `core::panic::Location`: data that begins with the address of a source file's name.
fn locations(object: &Object<'_>) -> Result<Vec<Range<usize>>> {
    const MEMORY_ADDRESS: u8 = 5;
    let mut locations = Vec::new();
    for relocation in object.relocations_of("reloc.DATA")? {
        let name = object.data_of(relocation.symbol);
        let is_file = relocation.kind == MEMORY_ADDRESS
            && name.is_some_and(|name| object.bytes(name).ends_with(b".rs\0"));
        let location = relocation.at..relocation.at + LOCATION_SIZE;
        if is_file && object.is_named(&location) {
            locations.push(location);
        }
    }
    Ok(locations)
}

/// By a function's demangled name. The checks of `Vec` and its like are functions within the methods that they belong to.
fn only_panics(name: &str) -> bool {
    let is_check = name.contains("alloc::") && name.ends_with("::assert_failed");
    is_check || PANICS.iter().any(|panic| name.starts_with(panic))
}

#[cfg(test)]
mod tests {
    use super::super::object::{CODE, CUSTOM, DATA};
    use super::super::reader::write_number;
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
        let relocations = Object::parse(object).unwrap().relocations_of(name).unwrap();
        relocations.iter().map(|relocation| relocation.at).collect()
    }

    fn bodies(object: &[u8]) -> Vec<&[u8]> {
        let parsed = Object::parse(object).unwrap();
        parsed.functions().map(|(_, body)| &object[body]).collect()
    }

    #[test]
    fn a_function_that_panics_traps_and_refers_to_nothing() {
        let before = object(PANIC);
        let after = replace_panics(&before).unwrap();
        let bodies = bodies(&after);
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
        let [location, file] = [2, 3].map(|symbol| parsed.data_of(symbol).unwrap());
        assert_eq!(after[location], [0; 16]);
        assert_eq!(after[file], *b"a.rs\0");
        assert!(relocations(&after, "reloc.DATA").is_empty());
    }

    #[test]
    fn other_functions_stay() {
        let before = object("_ZN4core3str8from_raw17h0123456789abcdefE");
        let after = replace_panics(&before).unwrap();
        assert_eq!(bodies(&after), bodies(&before));
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
