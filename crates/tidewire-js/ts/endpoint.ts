import { ConfigurationError } from './errors.js';

/** Where and as whom to connect. */
export interface Endpoint {
  /** The URL, where it is another than before. */
  url?: string | URL;
  /** What the server's authentication gets to see, in the first frame and never in a URL. */
  token?: string | Uint8Array;
}

/** What is known of an attempt to connect before it begins. */
export interface Attempt {
  /** The server refused the last token: a new one is needed. */
  reauthenticate: boolean;
}

/** Something, or a function that gives it before each attempt. */
export type Provided<T> = T | ((attempt: Attempt) => T | Promise<T>);

/** Answers where and as whom to connect, before each attempt. */
export type Provider = (attempt: Attempt) => Endpoint | Promise<Endpoint>;

/** The URL, made absolute where that is possible here. */
export function absolute(url: string | URL): string {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;
  } catch {
    throw new ConfigurationError('url', `"${url}" is not a URL, or is relative where there is no page.`);
  }
}

/** What a client's URL and token are together; asked anew for each attempt where one of them is a function. */
export function endpointOf(
  url: Provided<string | URL | Endpoint>,
  token: Provided<string | Uint8Array> | undefined,
): Endpoint | Provider {
  if (typeof url !== 'function' && typeof token !== 'function') {
    return token === undefined ? {} : { token };
  }
  return async attempt => {
    const given = typeof url === 'function' ? await url(attempt) : {};
    const endpoint: Endpoint =
      typeof given === 'string' || given instanceof URL ? { url: given } : { ...given };
    const better = typeof token === 'function' ? await token(attempt) : token;
    if (endpoint.token === undefined && better !== undefined) {
      endpoint.token = better;
    }
    if (endpoint.url !== undefined) {
      endpoint.url = absolute(endpoint.url);
    }
    return endpoint;
  };
}

/** A token as the wasm takes it. */
export function bytesOf(token: string | Uint8Array = ''): Uint8Array {
  if (typeof token === 'string') {
    return new TextEncoder().encode(token);
  }
  if (token instanceof Uint8Array) {
    return token;
  }
  throw new ConfigurationError('option', '`token` is neither a string nor a Uint8Array.');
}
