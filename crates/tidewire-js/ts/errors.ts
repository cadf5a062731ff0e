/** What happened, in one word. Each class of errors lists its own. */
export type ErrorCode =
  | 'aborted'
  | 'broken'
  | 'closed'
  | 'decode'
  | 'dropped'
  | 'encode'
  | 'full'
  | 'not-tidewire'
  | 'option'
  | 'protocol'
  | 'provider'
  | 'refused'
  | 'timeout'
  | 'too-large'
  | 'unconfirmed'
  | 'url'
  | 'wasm';

/** The base of all errors of this package. */
export class TidewireError extends Error {
  override readonly name: string = 'TidewireError';

  constructor(
    /** What happened, in one word: for programs. The message says it in a sentence, with what to do. */
    readonly code: ErrorCode,
    message: string,
    /** Whether the same may succeed later, without a change. */
    readonly retryable = false,
  ) {
    super(message);
  }
}

/** The client cannot be made as it was asked for (`option`, `url`): the caller's fault. */
export class ConfigurationError extends TidewireError {
  override readonly name = 'ConfigurationError';
}

/**
 * A message was refused (`closed`, `encode`, `full`, `too-large`), or was accepted and will not be acknowledged
 * (`dropped`, `unconfirmed`). It is handed back.
 */
export class MessageError extends TidewireError {
  override readonly name = 'MessageError';

  constructor(
    code: ErrorCode,
    message: string,
    /** The message, as it was given to `send`. */
    readonly data: unknown,
    /** Whether the peer may have it all the same. */
    readonly transmitted = false,
  ) {
    super(code, message, code === 'full');
  }
}

/** A message of the peer that the codec cannot decode (`decode`). */
export class DecodeError extends TidewireError {
  override readonly name = 'DecodeError';

  constructor(
    /** The message as it came. */
    readonly data: unknown,
    /** What the codec threw. */
    override readonly cause: unknown,
  ) {
    super('decode', `A message of the server cannot be decoded: ${String(cause)}`);
  }
}

/**
 * The connection, the session or the client ended (`aborted`, `broken`, `not-tidewire`, `protocol`, `provider`,
 * `refused`, `timeout`, `wasm`).
 */
export class ConnectionError extends TidewireError {
  override readonly name = 'ConnectionError';

  constructor(
    code: ErrorCode,
    message: string,
    retryable: boolean,
    /** With `refused`, the server's close code; else 1006. */
    readonly closeCode = 1006,
    /** With `refused`, what the server said. */
    readonly reason = '',
    /** With `not-tidewire`, the HTTP status of the answer; 0 where none is known. */
    readonly status = 0,
  ) {
    super(code, message, retryable);
  }
}
