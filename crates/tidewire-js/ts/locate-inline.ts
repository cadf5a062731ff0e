import wasm from './generated/tidewire.wasm';

/** The wasm within the script, for the one file that needs no other. */
export function locate(): Uint8Array<ArrayBuffer> {
  return wasm;
}
