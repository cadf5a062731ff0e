import { ConfigurationError } from './errors.js';
import type { ProvidedWasm } from './load.js';
import { checkNumber, flatten, type Limits, type Timings, type Transport } from './settings.js';

/** The options of {@link TidewireSocket.with}. */
export interface SocketOptions {
  /**
   * What answers at the URL. Default `gateway`: `tidewire-gateway` with an unmodified WebSocket server behind it.
   * `tidewire`: an application on a tidewire server. `plain`: any other WebSocket server, over the browser's own class.
   *
   * With `tidewire`, sub-protocols are offered in `Sec-WebSocket-Protocol` of each WebSocket, and the server sees its
   * choice; the socket does not: its `protocol` stays empty, since the session may have begun over HTTP, which has no
   * such choice. A server that chooses none is reached over HTTP alone, for browsers refuse its WebSockets; so name
   * there only what it speaks, or better nothing, and agree in `token` or the first message.
   */
  server?: 'gateway' | 'tidewire' | 'plain';
  /** With `tidewire`, what the server's authentication gets to see. Default: nothing. */
  token?: string | Uint8Array;
  /** The transports that may be used. Default all. */
  transports?: readonly Transport[];
  /**
   * How long the socket may take to open before it fails with 1006, in milliseconds, from 0 to 2,147,483,647 (more is
   * taken for that). Default 20,000: the class in its place would fail at once, and a library above it tries again as
   * it is made to.
   */
  openTimeout?: number;
  /**
   * How long a socket that has been open may be without any connection before it fails with 1006, in milliseconds, from
   * 0 to 2,147,483,647 (more is taken for that). Default 120,000, after which a server has forgotten a session.
   */
  awayTimeout?: number;
  /** Which HTTP requests carry cookies, as in `fetch`. Default `same-origin`. */
  credentials?: RequestCredentials;
  /** Times in milliseconds. */
  timings?: Timings;
  /** Sizes in bytes and messages. */
  limits?: Limits;
  /** Where the wasm comes from, where it is not beside the package's code. */
  wasm?: ProvidedWasm;
}

const SERVERS = ['gateway', 'tidewire', 'plain'];

const DEFAULT_OPEN_TIMEOUT = 20_000;
const DEFAULT_AWAY_TIMEOUT = 120_000;

/** `send` of a WebSocket cannot say that there is no room, so there is more than for a client. */
export const ROOM = { outboxBytes: 1 << 26, outboxMessages: 1 << 17 } as const satisfies Limits;

/** Throws a `ConfigurationError` for what no option may be. */
export function checkOptions(options: SocketOptions): void {
  const { server = 'gateway' } = options;
  if (!SERVERS.includes(server)) {
    throw new ConfigurationError('option', `\`server\` may be ${SERVERS.join(', ')}; it is "${server}".`);
  }
  checkNumber('openTimeout', options.openTimeout);
  checkNumber('awayTimeout', options.awayTimeout);
  flatten(options, false);
}

export function openTimeout(options: SocketOptions): number {
  return options.openTimeout ?? DEFAULT_OPEN_TIMEOUT;
}

export function awayTimeout(options: SocketOptions): number {
  return options.awayTimeout ?? DEFAULT_AWAY_TIMEOUT;
}
