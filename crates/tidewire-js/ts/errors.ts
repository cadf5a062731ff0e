/** What is wrong with how a client is asked for. */
export type ConfigurationErrorCode = 'option' | 'url';

/** What became of a message that was sent. */
export type MessageErrorCode = 'closed' | 'dropped' | 'encode' | 'full' | 'too-large' | 'unconfirmed';

/** Why a connection, a session or a client ended. */
export type ConnectionErrorCode =
  'aborted' | 'broken' | 'not-tidewire' | 'protocol' | 'provider' | 'refused' | 'timeout' | 'wasm';

/** What happened, in one word. */
export type ErrorCode = ConfigurationErrorCode | MessageErrorCode | ConnectionErrorCode | 'decode';

/** The base of all errors of this package. */
export class TidewireError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name: string = 'TidewireError';

  constructor(
    /** What happened, in one word: for programs. The message says it in a sentence, with what to do. */
    readonly code: Code,
    message: string,
    /** Whether the same may succeed later, without a change. */
    readonly retryable = false,
  ) {
    super(message);
  }
}

/** The client cannot be made as it was asked for (`option`, `url`): the caller's fault. */
export class ConfigurationError extends TidewireError<ConfigurationErrorCode> {
  override readonly name = 'ConfigurationError';
}

/**
 * A message was refused (`closed`, `encode`, `full`, `too-large`), or was accepted and will not be acknowledged
 * (`dropped`, `unconfirmed`). It is handed back.
 */
export class MessageError extends TidewireError<MessageErrorCode> {
  override readonly name = 'MessageError';

  constructor(
    code: MessageErrorCode,
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
export class DecodeError extends TidewireError<'decode'> {
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
export class ConnectionError extends TidewireError<ConnectionErrorCode> {
  override readonly name = 'ConnectionError';

  constructor(
    code: ConnectionErrorCode,
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
