import { locate } from '#locate';

import { Connection, imports, start } from './generated/core.js';

/** Where the wasm comes from: its URL, its bytes, an answer to `fetch`, or a compiled module. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

let loading: Promise<void> | undefined;

/**
 * Loads the wasm, once for the whole page; the first source counts. A load that failed is tried again by the next
 * call. Rejects with a `TypeError` where the next try may succeed.
 *
 * @internal
 */
export async function load(source?: WasmSource | Promise<WasmSource>): Promise<typeof Connection> {
  loading ??= instantiate(source);
  try {
    await loading;
  } catch (error) {
    loading = undefined;
    throw error;
  }
  return Connection;
}

async function instantiate(given?: WasmSource | Promise<WasmSource>): Promise<void> {
  let source = (await given) ?? (await locate());
  if (typeof source === 'string' || source instanceof URL || source instanceof Request) {
    source = await fetch(source);
  }
  if (source instanceof Response) {
    if (!source.ok) {
      throw new TypeError(`${source.url} answered ${source.status}`);
    }
    // Not as a stream, which would depend on the content type: the module is small.
    source = await source.arrayBuffer();
  }
  const module = source instanceof WebAssembly.Module ? source : await WebAssembly.compile(source);
  start((await WebAssembly.instantiate(module, imports())).exports);
}
