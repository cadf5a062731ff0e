//! Glue that ships: what wasm-bindgen writes for old browsers and for speed that nobody needs here is left out.

use anyhow::{Context, Result};

/// Functions of the glue, by name, as they ship, up to the last brace.
///
/// Texts cross by way of the encoder alone, a new decoder has no limit on what it decodes, and a view of the memory is
/// made when it is needed, which cannot be an old one.
const SHORTER: &[(&str, &str)] = &[
    (
        "passStringToWasm0",
        "(arg, malloc) {
    const bytes = new TextEncoder().encode(arg);
    const ptr = malloc(bytes.length, 1) >>> 0;
    getUint8ArrayMemory0().set(bytes, ptr);
    WASM_VECTOR_LEN = bytes.length;
    return ptr;",
    ),
    (
        "decodeText",
        "(ptr, len) {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(getUint8ArrayMemory0().subarray(ptr, ptr + len));",
    ),
    (
        "getDataViewMemory0",
        "() {
    return new DataView(wasm.memory.buffer);",
    ),
    (
        "getFloat64ArrayMemory0",
        "() {
    return new Float64Array(wasm.memory.buffer);",
    ),
    (
        "getUint8ArrayMemory0",
        "() {
    return new Uint8Array(wasm.memory.buffer);",
    ),
];

/// What only the long forms of the functions use: where it begins, and what follows it.
const LEFT_OUT: &[(&str, &str)] = &[
    ("let cachedTextDecoder ", "function decodeText("),
    ("const cachedTextEncoder ", "let WASM_VECTOR_LEN "),
];

/// Where the part of the glue begins that fetches the module and instantiates it.
const LOADER: &str = "let wasmModule, wasmInstance, wasm;\n";

/// In the loader's place, for callers that instantiate the module themselves.
const START: &str = "let wasm;

export function start(exports) {
    wasm = exports;
    wasm.__wbindgen_start();
}

export { __wbg_get_imports as imports };
";

/// Where the loader's part of the declarations begins, and what stands in its place.
const LOADER_TYPES: &str = "export type InitInput ";
const START_TYPES: &str = "/** What the module imports. */
export function imports(): WebAssembly.Imports;

/** Takes what the module exports, before anything else is called. */
export function start(exports: WebAssembly.Exports): void;
";

/// The same glue, shorter.
///
/// # Errors
///
/// When a function has no end.
pub(crate) fn shorten(glue: &str) -> Result<String> {
    // The encoder leaves nothing to grow or shrink.
    let mut shorter = glue.replace(", wasm.__wbindgen_realloc)", ")");
    for (name, body) in SHORTER {
        let start = format!("\nfunction {name}");
        replace(
            &mut shorter,
            &format!("{start}("),
            "\n}\n",
            &[&start, *body].concat(),
        )?;
    }
    for (start, next) in LEFT_OUT {
        replace(
            &mut shorter,
            &format!("\n{start}"),
            &format!("\n{next}"),
            "",
        )?;
    }
    Ok(shorter)
}

/// The glue without its loader: it exports `imports` and `start` instead.
///
/// # Errors
///
/// When there is no loader.
pub(crate) fn without_loader(glue: &str) -> Result<String> {
    replace_end(glue, LOADER, START)
}

/// The declarations that go with [`without_loader`].
///
/// # Errors
///
/// When they declare no loader.
pub(crate) fn types_without_loader(types: &str) -> Result<String> {
    replace_end(types, LOADER_TYPES, START_TYPES)
}

/// Replaces what begins with `start` and ends with `end`, where it is there.
fn replace(text: &mut String, start: &str, end: &str, by: &str) -> Result<()> {
    if let Some(from) = text.find(start) {
        let length = text[from..]
            .find(end)
            .with_context(|| format!("wasm-bindgen wrote no `{end}` after `{}`", start.trim()))?;
        text.replace_range(from..from + length, by);
    }
    Ok(())
}

fn replace_end(text: &str, from: &str, end: &str) -> Result<String> {
    let (before, _) = text
        .split_once(from)
        .with_context(|| format!("wasm-bindgen wrote no `{}`", from.trim_end()))?;
    Ok([before, end].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_replaced_and_its_neighbours_stay() {
        let glue = "
function before() {
}

let cachedTextDecoder = new TextDecoder();
cachedTextDecoder.decode();
function decodeText(ptr, len) {
    if (len) {
    }
    return cachedTextDecoder.decode(ptr, len);
}

function after() {
}
";
        let shorter = shorten(glue).unwrap();
        assert!(
            shorter.starts_with("\nfunction before() {\n}\n\nfunction decodeText(ptr, len) {\n")
        );
        assert!(shorter.ends_with(");\n}\n\nfunction after() {\n}\n"));
        assert!(!shorter.contains("cachedTextDecoder"));
    }

    #[test]
    fn no_function_needs_one_that_wasm_bindgen_may_not_have_written() {
        let mut names = SHORTER.iter().map(|(name, _)| *name);
        // Views of the memory are written wherever texts cross.
        assert!(names.all(|name| {
            SHORTER.iter().all(|(_, body)| {
                !body.contains("Array8ToWasm0")
                    && (!body.contains(name) || name == "getUint8ArrayMemory0")
            })
        }));
    }

    #[test]
    fn a_loader_makes_way_for_a_start() {
        let glue = format!(
            "function __wbg_get_imports() {{}}\n{LOADER}async function __wbg_init() {{}}\n"
        );
        let shorter = without_loader(&glue).unwrap();
        assert!(shorter.contains("export function start("));
        assert!(!shorter.contains("__wbg_init"));
    }

    #[test]
    fn glue_without_a_loader_is_an_error() {
        assert!(without_loader("let wasm;\n").is_err());
        assert!(types_without_loader("export class Connection {}\n").is_err());
    }
}
