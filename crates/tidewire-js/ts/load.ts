import { locate } from '#locate';

import init, { Connection } from './generated/core.js';

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

async function instantiate(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  const given = (await source) ?? (await locate());
  const isAddress = typeof given === 'string' || given instanceof URL || given instanceof Request;
  const module = isAddress ? await fetch(given) : given;
  if (module instanceof Response && !module.ok) {
    throw new TypeError(`${module.url} answered ${module.status}`);
  }
  await init({ module_or_path: module });
}
