import { ConfigurationError } from './errors.js';

/** A way of carrying the session: the rungs of the fallback ladder, best first. */
export type Transport = 'websocket' | 'long-polling' | 'polling';

/** The transports, best first. */
export const TRANSPORTS: readonly Transport[] = ['websocket', 'long-polling', 'polling'];

/**
 * Times, all in milliseconds. The defaults suit a page of any size; change them for tests and for networks that you
 * know.
 */
export interface Timings {
  /** Head start of the WebSocket before HTTP starts beside it (RFC 8305 section 8). Default 250. */
  stagger?: number;
  /** Time a WebSocket has from the attempt to the first frame of the server. Default 10,000. */
  handshakeTimeout?: number;
  /** Time that a function has to give URL or token. Default 10,000. */
  prepareTimeout?: number;
  /** Time an HTTP exchange has that the server does not hold. Default 8,000. */
  requestTimeout?: number;
  /** How long the server may hold a long poll. Default 12,000. */
  hold?: number;
  /** Shortest interval of scheduled polling, 1 or more. What has more behind it, and what is sent, goes sooner. Default 500. */
  pollingFloor?: number;
  /** Longest interval of scheduled polling, at least the shortest. Default 5,000. */
  pollingCeiling?: number;
  /** Silence of a WebSocket after which it is probed. Default 15,000. */
  silence?: number;
  /** Time that an answer to a probe may take. Default 2,000. */
  probeTimeout?: number;
  /** First bound of the backoff, which doubles with each failure; 1 or more. Default 500. */
  backoffBase?: number;
  /** Last bound of the backoff, at least the first. Default 45,000. */
  backoffCap?: number;
  /** How long a transport must work before past failures are forgotten. Default 10,000. */
  stableAfter?: number;
  /** First bound of the delay between probes for a better transport; it doubles up to five minutes. Default 5,000. */
  promotionBase?: number;
  /**
   * How long an acknowledgement may wait for a packet to ride on. Default 25 on WebSocket, 8 times that on HTTP. With scheduled
   * polling it is at least `pollingFloor`, up to a second, so that it rides on the next poll.
   */
  ackDelay?: number;
  /** How long `close` waits for what was sent before it to be acknowledged. Default 5,000. */
  closeTimeout?: number;
}

/** Sizes that the client allows itself and tells the server. */
export interface Limits {
  /** Longest message that is received, in bytes. Default 1,048,576. */
  maxMessage?: number;
  /** Bytes that may have arrived and not been taken, at least 65,536. Default 2,097,152. */
  windowBytes?: number;
  /** Messages that may have arrived and not been taken, at least 256. Default 4,096. */
  windowMessages?: number;
  /** Bytes kept until they are acknowledged, each message counted with 64 on top. Default 4,194,304. */
  outboxBytes?: number;
  /** Messages kept until they are acknowledged. Default 8,192. */
  outboxMessages?: number;
}

/** Plain WebSocket without the session protocol: any server, messages delivered at most once. */
export interface Bare {
  /** A text sent whenever so many milliseconds, more than none, have passed. Default none. */
  heartbeat?: { message: string; interval: number };
  /** How long the server may be silent before the connection counts as dead, in milliseconds, more than none. Default: for ever. */
  idleTimeout?: number;
}

/** What the wasm is told about a client; the part of the options that does not depend on who uses it. */
export interface Settings {
  /** The transports that may be used. Default all. */
  transports?: readonly Transport[];
  /** What happens to a message that finds the outbox full. Default `refuse`: `send` throws and hands it back. */
  overflow?: 'refuse' | 'drop-oldest' | 'drop-newest';
  /** Which HTTP requests carry cookies, as in `fetch`. Default `same-origin`. */
  credentials?: RequestCredentials;
  /**
   * Whether the transport that worked is remembered for a day, in `localStorage`, for the server of the URL that the client is
   * made with; where a function names another one, nothing is. Default true.
   */
  rememberTransport?: boolean;
  /** Times in milliseconds. */
  timings?: Timings;
  /** Sizes in bytes and messages. */
  limits?: Limits;
  /** Speak plain WebSocket to any server, at most once. Default: a session with a tidewire server. */
  bare?: Bare;
}

// What follows is laid out as src/settings.rs reads it.

const TIMINGS = [
  'stagger',
  'handshakeTimeout',
  'prepareTimeout',
  'requestTimeout',
  'hold',
  'pollingFloor',
  'pollingCeiling',
  'silence',
  'probeTimeout',
  'backoffBase',
  'backoffCap',
  'stableAfter',
  'promotionBase',
  'ackDelay',
  'closeTimeout',
] as const satisfies readonly (keyof Timings)[];

const LIMITS = [
  'maxMessage',
  'windowBytes',
  'windowMessages',
  'outboxBytes',
  'outboxMessages',
] as const satisfies readonly (keyof Limits)[];

/** The settings as one number of choices and a list of numbers, NaN for a default. */
export function flatten(settings: Settings, hasProvider: boolean): [choices: number, numbers: Float64Array] {
  const { transports = TRANSPORTS, timings, limits, bare, rememberTransport = true } = settings;
  const choices =
    transports.reduce((bits, transport) => bits | (1 << oneOf('transports', TRANSPORTS, transport)), 0) |
    (oneOf('overflow', ['refuse', 'drop-oldest', 'drop-newest'], settings.overflow) << 3) |
    (oneOf('credentials', ['same-origin', 'include', 'omit'], settings.credentials) << 5) |
    (+!rememberTransport << 7) |
    (+hasProvider << 8) |
    (+!!bare << 9);
  return [
    choices,
    Float64Array.of(
      ...inOrder('timings', TIMINGS, timings),
      ...inOrder('limits', LIMITS, limits),
      checkNumber('bare.heartbeat.interval', bare?.heartbeat?.interval),
      checkNumber('bare.idleTimeout', bare?.idleTimeout),
    ),
  ];
}

/** The place of a value among those that it may have; the first is the default. */
function oneOf(option: string, values: readonly string[], value: string | null | undefined): number {
  const index = values.indexOf(value ?? (values[0] as string));
  if (index < 0) {
    throw new ConfigurationError('option', `\`${option}\` may be ${values.join(', ')}; it is "${value}".`);
  }
  return index;
}

function inOrder<Name extends string>(
  option: string,
  names: readonly Name[],
  given: Partial<Record<Name, number>> = {},
): number[] {
  for (const name in given) {
    if (!names.includes(name)) {
      throw new ConfigurationError('option', `There is no option \`${option}.${name}\`.`);
    }
  }
  return names.map(name => checkNumber(`${option}.${name}`, given[name]));
}

/** A number as it is, and NaN for none. */
export function checkNumber(option: string, value: number | undefined): number {
  if (value !== undefined && !(value >= 0 && value < Infinity)) {
    throw new ConfigurationError(
      'option',
      `\`${option}\` must be a number from 0 on; it is ${String(value)}.`,
    );
  }
  return value ?? NaN;
}
