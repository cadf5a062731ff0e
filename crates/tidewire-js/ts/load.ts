import { locate } from '#locate';

import init, { Connection } from './generated/core.js';

/** Where the wasm comes from: its URL, its bytes, an answer to `fetch`, or a compiled module. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

let loading: Promise<typeof Connection> | undefined;

/**
 * Loads the wasm, once for the whole page; the first source counts. A load that failed is tried again by the next
 * call.
 */
export function load(source?: WasmSource | Promise<WasmSource>): Promise<typeof Connection> {
  return (loading ??= Promise.resolve(source ?? locate())
    .then(module_or_path => init({ module_or_path }))
    .then(
      () => Connection,
      error => {
        loading = undefined;
        throw error;
      },
    ));
}
