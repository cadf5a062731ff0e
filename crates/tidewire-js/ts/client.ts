/// <reference lib="esnext.disposable" preserve="true" />
import { aborted } from './causes.js';
import { checkClose } from './close.js';
import type { Codec } from './codec.js';
import {
  ConfigurationError,
  ConnectionError,
  DecodeError,
  MessageError,
  type TidewireError,
} from './errors.js';
import { absolute, endpointOf, type Attempt, type Endpoint, type Provided } from './endpoint.js';
import { eventOf, type ClientEventMap, type CloseInfo, type State, type Verdict } from './events.js';
import { Inbox } from './inbox.js';
import { Link, type Owner } from './link.js';
import type { ProvidedWasm } from './load.js';
import { areProtocols } from './protocols.js';
import type { Receipt, Sendable } from './receipt.js';
import type { Settings, Transport } from './settings.js';
import { unflatten, type Stats } from './stats.js';

/** The options of a {@link Client}. */
export interface ClientOptions<Outgoing = Sendable, Incoming = string | ArrayBuffer> extends Settings {
  /**
   * What the server's authentication gets to see, in the first frame and never in a URL; or a function that gives it,
   * asked before each attempt. Default: nothing.
   */
  token?: Provided<string | Uint8Array>;
  /** Sub-protocols, passed through in `Sec-WebSocket-Protocol`, which common proxies drop. Default none. */
  protocols?: string | readonly string[];
  /**
   * How binary messages arrive where there is no `codec`. Default `arraybuffer`. With `uint8array` say so to the types:
   * `new Client<Sendable, string | Uint8Array>`.
   */
  binaryType?: ArrayBuffer extends Incoming ? 'arraybuffer' : 'arraybuffer' | 'uint8array';
  /** Turns values into messages and back, as `json` does. Default: messages as they are. */
  codec?: Codec<Outgoing, Incoming>;
  /** Lets go of the client at once when it is aborted. */
  signal?: AbortSignal;
  /** Where the wasm comes from, where it is not beside the package's code. The first client's counts. */
  wasm?: ProvidedWasm;
}

/**
 * A client of a tidewire server: messages in order, each exactly once, by whichever transport works.
 *
 * Messages go to the listeners of `message` from the first one on; where there has never been one, they wait, bounded,
 * for `for await` or `readable`, and the server is slowed down. A message is acknowledged when it was taken.
 */
export class Client<Outgoing = Sendable, Incoming = string | ArrayBuffer>
  extends EventTarget
  implements AsyncIterable<Incoming>
{
  /** Resolves when the client is closed for good, and says how. It never rejects. */
  readonly closed: Promise<CloseInfo>;

  #link: Link;
  #codec: Codec<Outgoing, Incoming> | undefined;
  #bytes: boolean;
  #state: State = 'connecting';
  #transport: Transport | undefined;
  #verdict: Verdict | undefined;
  #inbox: Inbox<Incoming>;
  #flows = false;
  /** There has been a listener of `error`. */
  #hearsErrors = false;
  #last: Transport | undefined;
  #close: { code: number; reason: string } | undefined;
  #end!: (info: CloseInfo) => void;
  #full: Promise<void> | undefined;
  #makeRoom: (() => void) | undefined;
  #readable: ReadableStream<Incoming> | undefined;
  #writable: WritableStream<Outgoing> | undefined;

  /**
   * Makes a client, which begins to connect at once; messages can be sent at once.
   *
   * @param url `http`, `https`, `ws`, `wss`, or relative to the page; or a function asked before each attempt.
   * @throws {ConfigurationError} where the URL or an option cannot be used. What only shows when the wasm is there
   *   closes the client with the same error.
   */
  constructor(
    url: string | URL | ((attempt: Attempt) => string | URL | Endpoint | Promise<string | URL | Endpoint>),
    options: ClientOptions<Outgoing, Incoming> = {},
  ) {
    super();
    const { token, signal } = options;
    const protocols = [options.protocols ?? []].flat();
    if (!areProtocols(protocols)) {
      throw new ConfigurationError('option', '`protocols` must be tokens of RFC 9110, each there once.');
    }
    this.#codec = options.codec;
    this.#bytes = options.binaryType === 'uint8array' && !options.codec;
    this.#inbox = new Inbox<Incoming>({
      decode: data => (this.#codec ? this.#codec.decode(data as string | ArrayBuffer) : data) as Incoming,
      undecodable: (data, cause) => this.#tellUndecodable(data, cause),
      consumed: session => this.#link.consumed(session),
    });
    this.closed = new Promise(resolve => (this.#end = resolve));
    this.#link = new Link(
      typeof url === 'function' ? undefined : absolute(url),
      { ...options, protocols },
      endpointOf(url, token),
      this.#owner(),
    );
    const abort = () => this.#link.abort(aborted(`Aborted: ${String(signal?.reason)}`));
    if (signal?.aborted) {
      // After the caller had the time to add listeners.
      queueMicrotask(abort);
    }
    signal?.addEventListener('abort', abort);
    void this.closed.then(() => signal?.removeEventListener('abort', abort));
  }

  /** Where the client stands. */
  get state(): State {
    return this.#state;
  }

  /** The transport that carries the session, if any does now. */
  get transport(): Transport | undefined {
    return this.#transport;
  }

  /** What the server said at the last attach; undefined before the first. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /**
   * Puts a message into the outbox, in the order of the calls. All that is sent in one turn travels together.
   *
   * @throws {MessageError} `full`, `closed`, `too-large`, `encode`: it hands the message back.
   */
  send(message: Outgoing): Receipt {
    let body = message as Sendable;
    if (this.#codec) {
      try {
        body = this.#codec.encode(message);
      } catch (error) {
        throw new MessageError('encode', `The message cannot be encoded: ${String(error)}`, message);
      }
    }
    if (
      typeof body !== 'string' &&
      !(body instanceof ArrayBuffer || body instanceof Blob || ArrayBuffer.isView(body))
    ) {
      throw new MessageError(
        'encode',
        'Send a string, a buffer, a view or a Blob, or give a `codec`.',
        message,
      );
    }
    try {
      return this.#link.send(message, body);
    } catch (error) {
      if ((error as TidewireError).code === 'full') {
        this.#full ??= new Promise(resolve => (this.#makeRoom = resolve));
      }
      throw error;
    }
  }

  /** Resolves when the outbox has room: at once, unless `send` has thrown `full`. */
  get ready(): Promise<void> {
    return this.#full ?? Promise.resolve();
  }

  /**
   * Closes the client: what was sent goes first, for `closeTimeout` at most. `closed` says how it ended.
   *
   * @param code 1000, or 3000 to 4999.
   * @param reason At most 123 bytes of UTF-8.
   * @throws {DOMException} `InvalidAccessError` and `SyntaxError` as `WebSocket.close` does.
   */
  close(code = 1000, reason = ''): void {
    checkClose(code, reason);
    if (!this.#link.isClosing) {
      this.#close = { code, reason };
      this.#become('closing');
      this.#link.close(code, reason);
    }
  }

  /** The counters, as of now. */
  stats(): Stats {
    return unflatten(this.#link.stats());
  }

  /**
   * The server's messages as a stream, which ends with the client, and fails with it. Cancelling it closes the client.
   */
  get readable(): ReadableStream<Incoming> {
    return (this.#readable ??= new ReadableStream<Incoming>(
      {
        pull: async controller => {
          const { done, value } = await this.#inbox.take();
          if (!done) {
            return controller.enqueue(value);
          }
          const { error } = await this.closed;
          if (error) {
            controller.error(error);
          } else {
            controller.close();
          }
        },
        cancel: () => this.close(),
      },
      // What lies in a stream's queue would count as taken.
      { highWaterMark: 0 },
    ));
  }

  /**
   * Sends what is written, waiting for room. Closing it closes the client, and fails where something stays
   * unconfirmed; aborting it lets go of the client.
   */
  get writable(): WritableStream<Outgoing> {
    return (this.#writable ??= new WritableStream<Outgoing>({
      write: async message => {
        for (;;) {
          try {
            return void this.send(message);
          } catch (error) {
            if (!(error as TidewireError).retryable) {
              throw error;
            }
            await this.ready;
          }
        }
      },
      close: async () => {
        this.close();
        const { error, unconfirmed } = await this.closed;
        const flaw = error ?? unconfirmed[0]?.error;
        if (flaw) {
          throw flaw;
        }
      },
      abort: reason => this.#link.abort(aborted(`Aborted: ${String(reason)}`)),
    }));
  }

  /** Takes messages one by one, until the client is closed and all were taken. Leaving the loop closes nothing. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Incoming, undefined> {
    const iterator: AsyncIterableIterator<Incoming, undefined> = {
      next: () => this.#inbox.take(),
      return: () => Promise.resolve({ done: true, value: undefined }),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** Closes the client at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Closes the client at the end of an `await using` block, and waits until it is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.closed;
  }

  override addEventListener<Type extends keyof ClientEventMap<Incoming>>(
    type: Type,
    listener: ((event: ClientEventMap<Incoming>[Type]) => unknown) | EventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: unknown,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener as EventListener | null, options);
    this.#hearsErrors ||= type === 'error';
    if (type === 'message' && !this.#flows) {
      this.#flows = true;
      // In a later turn: more listeners may follow in this one.
      queueMicrotask(() => this.#flow());
    }
  }

  #owner(): Owner {
    return {
      message: (session, data) => this.#arrive(session, data),
      state: (state, transport) => {
        this.#transport = transport;
        this.#become(state);
        if (transport && transport !== this.#last) {
          const previous = this.#last;
          this.#last = transport;
          this.dispatchEvent(eventOf('transportchange', { transport, previous }));
        }
      },
      connected: received => {
        this.#verdict = received < 0 ? 'fresh' : 'resumed';
        if (received >= 0) {
          this.dispatchEvent(eventOf('resumed', { received }));
        }
      },
      sent: () => {},
      room: () => this.#room(),
      retry: (error, delay) => {
        if (this.#state !== 'closing') {
          this.dispatchEvent(eventOf('retry', { error, delay }));
        }
      },
      lost: (error, unconfirmed) => void this.dispatchEvent(eventOf('lost', { error, unconfirmed })),
      closed: (error, unconfirmed) => this.#finish(error, unconfirmed),
    };
  }

  #become(state: State): void {
    const previous = this.#state;
    // On the way to its end a client tells of nothing else.
    if (state !== previous && (previous !== 'closing' || state === 'closed')) {
      this.#state = state;
      this.dispatchEvent(eventOf('statechange', { state, previous }));
    }
  }

  #arrive(session: number, data: string | Uint8Array): void {
    this.#inbox.push(session, typeof data === 'string' || this.#bytes ? data : data.buffer);
    if (this.#flows) {
      this.#flow();
    } else {
      this.#inbox.serve();
    }
  }

  #flow(): void {
    const dispatch = (data: Incoming) => this.dispatchEvent(new MessageEvent('message', { data }));
    // A listener may let go of the client: `close` is the last event.
    const wasClosed = this.#state === 'closed';
    while ((wasClosed || this.#state !== 'closed') && this.#inbox.next(dispatch));
  }

  #tellUndecodable(data: unknown, cause: unknown): void {
    const error = new DecodeError(data, cause);
    this.dispatchEvent(eventOf('error', { error }));
    if (!this.#hearsErrors) {
      (globalThis.reportError ?? console.error)(error);
    }
  }

  #room(): void {
    this.#full = undefined;
    this.#makeRoom?.();
  }

  #finish(error: ConnectionError | ConfigurationError | undefined, unconfirmed: Receipt[]): void {
    const refused = error as Partial<ConnectionError> | undefined;
    const { code, reason } = error
      ? { code: refused?.closeCode ?? 1006, reason: refused?.reason ?? '' }
      : (this.#close ?? { code: 1000, reason: '' });
    const info = { code, reason, error, unconfirmed };
    this.#transport = undefined;
    this.#become('closed');
    this.#room();
    this.#inbox.end();
    this.dispatchEvent(eventOf('close', info));
    this.#end(info);
  }
}
