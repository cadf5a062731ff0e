/** Where the package's own wasm is. Bundlers understand this form and ship the file. */
export function locate(): URL {
  return new URL('./tidewire.wasm', import.meta.url);
}
