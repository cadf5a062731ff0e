/** The conversions and checks that Web IDL and the WebSockets standard ask of arguments, and of what is handed out. */

import { areProtocols } from './protocols.js';

/** The URL of a socket: absolute, of scheme ws or wss, without a fragment. */
export function toUrl(url: string): URL {
  let parsed;
  try {
    parsed = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
  } catch {
    throw syntaxError(`"${url}" is not a URL.`);
  }
  const scheme = { 'http:': 'ws:', 'https:': 'wss:' }[parsed.protocol];
  if (scheme) {
    parsed.protocol = scheme;
  }
  if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') {
    throw syntaxError(`The scheme "${parsed.protocol}" is none of ws, wss, http, https.`);
  }
  if (parsed.href.includes('#')) {
    throw syntaxError('The URL holds a fragment.');
  }
  return parsed;
}

/** `(DOMString or sequence<DOMString>)`: whatever can be iterated is a sequence, but for texts themselves. */
export function toNames(protocols: unknown): string[] {
  const isSequence =
    protocols !== null &&
    (typeof protocols === 'object' || typeof protocols === 'function') &&
    (protocols as Partial<Iterable<unknown>>)[Symbol.iterator] != null;
  return isSequence
    ? Array.from(protocols as Iterable<unknown>, name => `${name as string}`)
    : [`${protocols as string}`];
}

/** Sub-protocols are tokens, each there once. */
export function checkNames(names: readonly string[]): void {
  if (!areProtocols(names)) {
    throw syntaxError('A sub-protocol is no token of RFC 9110, or is there twice.');
  }
}

/** `(BufferSource or Blob or USVString)`, also those of other windows. */
export function toBody(data: unknown): string | Uint8Array | Blob {
  if (ArrayBuffer.isView(data)) {
    return toBytes(data.buffer, data.byteOffset, data.byteLength);
  }
  if (typeof data === 'object' && data !== null) {
    if (isBuffer(data) || isShared(data)) {
      return toBytes(data, 0, data.byteLength);
    }
    if (isBlob(data)) {
      return data instanceof Blob ? data : new Blob([data]);
    }
  }
  return `${data as string}`;
}

function toBytes(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array {
  if (!isBuffer(buffer) || (buffer as { resizable?: boolean }).resizable) {
    throw new TypeError('Memory that is shared or can be resized cannot be sent.');
  }
  // What was detached is empty, and has no views any more.
  return length ? new Uint8Array(buffer, offset, length) : new Uint8Array();
}

const isBuffer = brandOf<ArrayBuffer>(ArrayBuffer.prototype, 'byteLength');
const isBlob = brandOf<Blob>(Blob.prototype, 'size');

/** Tells the objects of an interface by one of its getters: no other can call itself so, and any window's can. */
function brandOf<T>(prototype: T, name: keyof T): (value: object) => value is T & object {
  const getter = Object.getOwnPropertyDescriptor(prototype, name)?.get as () => unknown;
  return (value): value is T & object => succeeds(() => getter.call(value));
}

/** Pages that are not isolated have no name for shared memory, but WebAssembly makes it all the same. */
function isShared(value: object): value is SharedArrayBuffer {
  return !isBuffer(value) && succeeds(() => new DataView(value as SharedArrayBuffer));
}

function succeeds(probe: () => unknown): boolean {
  try {
    probe();
    return true;
  } catch {
    // A `TypeError` is the answer no.
    return false;
  }
}

/** What a page gets of a binary message. */
export function fromBytes(bytes: Uint8Array<ArrayBuffer>, type: BinaryType): ArrayBuffer | Blob {
  if (type === 'blob') {
    return new Blob([bytes]);
  }
  // A view of a longer buffer, where a header was in front.
  return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}

/** `USVString`: lone surrogates become U+FFFD. */
export function toText(value: unknown): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(`${value as string}`));
}

/** `[Clamp] unsigned short`. */
export function toCode(value: unknown): number {
  const number = +(value as number);
  if (!(number > 0)) {
    return 0;
  }
  const floor = Math.floor(number);
  const isHalf = number - floor === 0.5;
  return Math.min(isHalf ? floor + (floor % 2) : Math.round(number), 65_535);
}

function syntaxError(message: string): DOMException {
  return new DOMException(message, 'SyntaxError');
}
