import { ConfigurationError, ConnectionError, type ConnectionErrorCode } from './errors.js';

const FLAWS: Record<string, string> = {
  randomness: 'this environment has no `crypto.getRandomValues`',
  transports: '`transports` leaves none that can be used',
  url: 'the URL cannot be parsed, or is relative where there is nothing to be relative to',
  'url-credentials': 'the URL holds a user name or a password: give a token instead',
  'url-fragment': 'the URL holds a fragment (`#`): remove it',
  'url-insecure':
    'the URL is not encrypted, which a page loaded by https may not use: write `https:` or `wss:`',
  'url-scheme': 'the scheme is none of `http`, `https`, `ws`, `wss`',
};

/** The flaw that the wasm names when it refuses to be made. */
export function unusable(flaw: unknown): ConfigurationError {
  const name = String(flaw);
  const option = name.replace(/_./g, match => match.slice(1).toUpperCase());
  return new ConfigurationError(
    name.startsWith('url') ? 'url' : 'option',
    `The client cannot be made: ${FLAWS[name] ?? `\`${option}\` is zero, too small, or above its counterpart`}.`,
  );
}

const CAUSES: readonly (readonly [code: ConnectionErrorCode, message: string])[] = [
  ['broken', 'The connection broke, or none came about.'],
  ['not-tidewire', 'What answers at the URL is no tidewire server: check the URL, and proxies on the way.'],
  ['protocol', 'The server broke the protocol: '],
  ['provider', 'No URL or token: '],
  ['refused', 'The server closed: '],
  ['timeout', 'Nothing was heard of the server for too long.'],
];

/** A cause as src/telling.rs numbers it from 1 on; none for 0, what the application asked for. */
export function describe(cause: number, number: number, text: string): ConnectionError | undefined {
  if (cause) {
    const [code, message] = CAUSES[cause - 1] as (typeof CAUSES)[number];
    return code === 'refused'
      ? new ConnectionError(code, message + text, true, number, text)
      : new ConnectionError(code, message + text, true, undefined, undefined, number);
  }
  return undefined;
}

/** The application let go of the connection. */
export function aborted(why: string): ConnectionError {
  return new ConnectionError('aborted', why, false);
}

/** Why the wasm is not there, and whether it may be there later, from a source that can be asked again. */
export function unloaded(cause: unknown, isRepeatable: boolean): ConnectionError {
  const text = String(cause);
  // A fetch that failed may succeed later; what is forbidden or no wasm will not.
  const isRetryable = isRepeatable && cause instanceof TypeError;
  const advice = isRetryable
    ? 'it is tried again. If that does not help, see whether the URL is right and `connect-src` of the Content Security Policy allows it'
    : /content.security|unsafe-eval|\bcsp\b/i.test(text)
      ? "add 'wasm-unsafe-eval' to `script-src` of the page's Content Security Policy"
      : "let the server answer with the package's tidewire.wasm, or say by the option `wasm` where it is";
  return new ConnectionError('wasm', `The wasm cannot be loaded: ${advice}. (${text})`, isRetryable);
}
