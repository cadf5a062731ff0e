import { locate } from '#locate';

import { Connection, imports, start } from './generated/core.js';

/** Where the wasm comes from: its URL, its bytes, an answer to `fetch`, or a compiled module. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

/** A source, a promise of one, or a function that gives it and is asked again after a `TypeError`. */
export type ProvidedWasm = WasmSource | Promise<WasmSource> | (() => WasmSource | Promise<WasmSource>);

let loading: Promise<void> | undefined;

/**
 * Loads the wasm, once for the whole page; the first source counts. A load that failed is tried again by the next
 * call. Rejects with a `TypeError` where the next try may succeed.
 *
 * @internal
 */
export async function load(source?: ProvidedWasm): Promise<typeof Connection> {
  // What can be tried only once is not given up because another source failed.
  while (loading && !isRepeatable(source)) {
    if (
      await loading.then(
        () => true,
        () => false,
      )
    ) {
      return Connection;
    }
  }
  const mine = (loading ??= instantiate(source));
  try {
    await mine;
  } catch (error) {
    if (loading === mine) {
      loading = undefined;
    }
    throw error;
  }
  return Connection;
}

/**
 * Whether another try may have another result: a promise and what was read already stay as they are.
 *
 * @internal
 */
export function isRepeatable(source: ProvidedWasm | undefined): boolean {
  return source === undefined || isLocation(source) || typeof source === 'function';
}

function isLocation(source: unknown): source is string | URL | Request {
  return typeof source === 'string' || source instanceof URL || source instanceof Request;
}

async function instantiate(given?: ProvidedWasm): Promise<void> {
  let source = (await (typeof given === 'function' ? given() : given)) ?? (await locate());
  if (isLocation(source)) {
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
