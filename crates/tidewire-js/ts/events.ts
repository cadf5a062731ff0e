import type { ConfigurationError, ConnectionError, DecodeError } from './errors.js';
import type { Receipt } from './receipt.js';
import type { Transport } from './settings.js';

/** Where a client stands. */
export type State =
  /** Transports are being tried, or the wasm is loaded. */
  | 'connecting'
  /** The session is carried. */
  | 'open'
  /** The last attempt failed; the next follows. */
  | 'waiting'
  /** `close` was called; what was sent is on its way. */
  | 'closing'
  /** Closed for good. */
  | 'closed';

/** What the server said at the last attach: a new session, or the old one goes on. */
export type Verdict = 'fresh' | 'resumed';

/** How a client ended. */
export interface CloseInfo {
  /** The close code: the one given to `close`, or the server's; 1006 where there is none. */
  readonly code: number;
  /** The reason given with it. */
  readonly reason: string;
  /** Why, where it was not asked for by `close`. */
  readonly error: ConnectionError | ConfigurationError | undefined;
  /** The receipts of messages that were never acknowledged, oldest first. */
  readonly unconfirmed: readonly Receipt[];
}

/** The events of a client, by type. */
export interface ClientEventMap<Incoming> {
  /** A message of the server, in order, each exactly once. Acknowledged when all listeners have returned. */
  message: MessageEvent<Incoming>;
  /** The state changed. */
  statechange: Event & { readonly state: State; readonly previous: State };
  /** The session is carried by another transport than before. */
  transportchange: Event & { readonly transport: Transport; readonly previous: Transport | undefined };
  /** The session goes on after its connection was lost. */
  resumed: Event & {
    /** Messages of this client that the server had. */
    readonly received: number;
  };
  /** An attempt to connect failed. */
  retry: Event & {
    readonly error: ConnectionError;
    /** Milliseconds until the next attempt. */
    readonly delay: number;
  };
  /** The session is lost, and a new one begins. */
  lost: Event & {
    readonly error: ConnectionError;
    /** The receipts of messages that may or may not have arrived, oldest first. They are not sent again. */
    readonly unconfirmed: readonly Receipt[];
  };
  /**
   * The codec cannot decode a message that was to be taken, which is skipped. Where nobody has listened for this, it is reported as an uncaught error
   * is: by `reportError`, or on the console where there is none.
   */
  error: Event & { readonly error: DecodeError };
  /** The client is closed for good; the last event. */
  close: Event & CloseInfo;
}

/** An event with fields. */
export function eventOf<Fields extends object>(type: string, fields: Fields): Event & Fields {
  return Object.assign(new Event(type), fields);
}
