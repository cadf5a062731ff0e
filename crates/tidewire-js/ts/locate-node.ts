import { readFile } from 'node:fs/promises';

/** The package's own wasm: Node's `fetch` reads no files. */
export function locate(): Promise<Uint8Array<ArrayBuffer>> {
  return readFile(new URL('./tidewire.wasm', import.meta.url));
}
