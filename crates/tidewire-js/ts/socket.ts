import { checkClose } from './close.js';
import { ConnectionError, MessageError, type ConfigurationError } from './errors.js';
import { Control, read } from './gateway.js';
import { Link, type Owner } from './link.js';
import type { WasmSource } from './load.js';
import type { Sendable } from './receipt.js';
import type { Limits, Timings, Transport } from './settings.js';
import { HandlerAttributes } from './handlers.js';

/** The options of {@link TidewireSocket.with}. */
export interface SocketOptions {
  /**
   * What answers at the URL. Default `gateway`: `tidewire-gateway` with an unmodified WebSocket server behind it.
   * `tidewire`: an application on a tidewire server. `plain`: any other WebSocket server, over the browser's own class.
   */
  server?: 'gateway' | 'tidewire' | 'plain';
  /** With `tidewire`, what the server's authentication gets to see. Default: nothing. */
  token?: string | Uint8Array;
  /** The transports that may be used. Default all. */
  transports?: readonly Transport[];
  /**
   * How long the socket may be without any connection before it fails with 1006, in milliseconds; at the start, and
   * whenever it is cut. Default 120,000, after which a server has forgotten a session.
   */
  awayTimeout?: number;
  /** Which HTTP requests carry cookies, as in `fetch`. Default `same-origin`. */
  credentials?: RequestCredentials;
  /** Times in milliseconds. */
  timings?: Timings;
  /** Sizes in bytes and messages. */
  limits?: Limits;
  /** Where the wasm comes from, where it is not beside the package's code. */
  wasm?: WasmSource | Promise<WasmSource>;
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

const STATES = { CONNECTING, OPEN, CLOSING, CLOSED };

const DEFAULT_AWAY_TIMEOUT = 120_000;

/** RFC 9110 section 5.6.2, as RFC 6455 section 4.1 asks of sub-protocols. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

// The build makes this the class that was there before anybody put another in its place: see native.ts.
const NativeWebSocket = WebSocket;

/** Node has had it since version 23. */
const CloseEventHere =
  globalThis.CloseEvent ??
  class extends Event {
    constructor(type: string, init: CloseEventInit) {
      super(type);
      Object.assign(this, init);
    }
  };

/**
 * A `WebSocket` with the interface of the WHATWG WebSockets standard, whose connection is a session: cuts, changes of
 * network and proxies that block WebSocket are invisible to whoever uses it, and `close` comes when the session has
 * really ended.
 */
export class TidewireSocket extends HandlerAttributes {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  /** The browser's own class, for servers that are no tidewire's. */
  static readonly plain = NativeWebSocket;

  /** @internal */
  protected static readonly options: SocketOptions = {};

  /**
   * The class with options, for libraries that call `new Constructor(url, protocols)`.
   */
  static with(options: SocketOptions): typeof WebSocket {
    if (options.server === 'plain') {
      return NativeWebSocket;
    }
    return class extends this {
      protected static override readonly options = { ...super.options, ...options };
    } as unknown as typeof WebSocket;
  }

  readonly #url: string;
  readonly #origin: string;
  readonly #link: Link;
  readonly #awayTimeout: number;
  /** Whether control messages of a gateway come between the others. */
  readonly #controlled: boolean;
  #readyState = CONNECTING;
  #protocol = '';
  #bufferedAmount = 0;
  #binaryType: BinaryType = 'blob';
  #away: ReturnType<typeof setTimeout> | undefined;
  #asked: CloseEventInit | undefined;

  /**
   * @param url Absolute, or relative to the page; `http` and `https` count as `ws` and `wss`.
   * @param protocols The sub-protocols that the page speaks, the preferred one first.
   * @throws {DOMException} `SyntaxError` where the standard says so.
   */
  constructor(url: string | URL, protocols: string | string[] = []) {
    super();
    const { options } = new.target as typeof TidewireSocket;
    const parsed = parse(`${url}`);
    const names = (typeof protocols === 'string' ? [protocols] : [...protocols]).map(String);
    if (names.some((name, index) => !TOKEN.test(name) || names.indexOf(name) < index)) {
      throw syntaxError('A sub-protocol is no token of RFC 9110, or is there twice.');
    }
    this.#url = parsed.href;
    this.#origin = `${parsed.protocol}//${parsed.host}`;
    this.#controlled = options.server !== 'tidewire';
    this.#awayTimeout = options.awayTimeout ?? DEFAULT_AWAY_TIMEOUT;
    this.#link = new Link(
      this.#url,
      { ...options, protocols: this.#controlled ? [] : names },
      { token: this.#controlled ? Control.token(names) : (options.token ?? '') },
      this.#owner(),
    );
    this.#goAway();
  }

  /** The URL, absolute. */
  get url(): string {
    return this.#url;
  }

  /** 0 to 3: `CONNECTING`, `OPEN`, `CLOSING`, `CLOSED`. */
  get readyState(): number {
    return this.#readyState;
  }

  /** Bytes that `send` accepted and no carrier has taken yet; never less once the socket is closed. */
  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  /** Always empty: a session has no extensions. */
  get extensions(): string {
    return '';
  }

  /** The sub-protocol that the server chose, empty for none. */
  get protocol(): string {
    return this.#protocol;
  }

  /** How binary messages arrive. */
  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    // Web IDL: what is no value of an enumeration is ignored.
    if (`${type}` === 'blob' || `${type}` === 'arraybuffer') {
      this.#binaryType = type;
    }
  }

  /**
   * Sends a message; after the socket began to close, only counts it.
   *
   * @throws {DOMException} `InvalidStateError` before `open`.
   */
  send(data: string | ArrayBuffer | ArrayBufferView | Blob): void {
    if (!arguments.length) {
      throw new TypeError('`send` needs a message.');
    }
    const body = toSendable(data);
    if (this.#readyState === CONNECTING) {
      throw new DOMException('The socket is still connecting: wait for `open`.', 'InvalidStateError');
    }
    if (this.#readyState !== OPEN) {
      this.#bufferedAmount += sizeOf(body);
      return;
    }
    try {
      this.#bufferedAmount += this.#link.send(data, body).size;
    } catch (error) {
      this.#bufferedAmount += sizeOf(body);
      // As the standard does where a buffer is full: the socket fails.
      this.#fail(error instanceof MessageError && error.code === 'too-large' ? 1009 : 1006);
    }
  }

  /**
   * Closes the socket: what was sent goes first.
   *
   * @param code 1000, or 3000 to 4999; none where it is not given.
   * @param reason At most 123 bytes of UTF-8.
   * @throws {DOMException} `InvalidAccessError` and `SyntaxError` where the standard says so.
   */
  close(code?: number, reason?: string): void {
    const clamped = code === undefined ? undefined : clamp(code);
    const text = reason === undefined ? '' : wellFormed(`${reason}`);
    checkClose(clamped, text);
    if (this.#readyState >= CLOSING) {
      return;
    }
    if (this.#readyState === CONNECTING) {
      this.#readyState = CLOSING;
      queueMicrotask(() => this.#fail(1006));
      return;
    }
    this.#readyState = CLOSING;
    this.#asked = { code: clamped ?? 1005, reason: text, wasClean: true };
    this.#link.close(clamped ?? 1000, text);
  }

  #owner(): Owner {
    return {
      message: (session, raw) => {
        this.#link.consumed(session, 1);
        this.#arrive(raw);
      },
      state: state => (state === 1 ? this.#comeBack() : this.#goAway()),
      connected: () => {
        if (!this.#controlled) {
          this.#open('');
        }
      },
      sent: receipt => (this.#bufferedAmount -= receipt.size),
      room: () => {},
      retry: () => {},
      // The next session would be another connection of the server: this one is over.
      lost: () => this.#fail(1006),
      closed: error => this.#closed(error),
    };
  }

  #arrive(raw: string | Uint8Array): void {
    const message = this.#controlled ? read(raw) : { kind: Control.Data, data: raw };
    if (message.kind === Control.Opened) {
      this.#open(message.protocol);
    } else if (message.kind === Control.Closed) {
      this.#finish(message.close);
    } else if (message.kind === Control.Broken) {
      this.#link.close(4400, 'malformed: no such control message');
      this.#fail(1002);
    } else if (this.#readyState === OPEN) {
      const { data } = message;
      this.dispatchEvent(
        new MessageEvent('message', {
          data: typeof data === 'string' ? data : this.#binary(data as Uint8Array<ArrayBuffer>),
          origin: this.#origin,
        }),
      );
    }
  }

  #binary(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer | Blob {
    if (this.#binaryType === 'blob') {
      return new Blob([bytes]);
    }
    // A view of a longer buffer, where a header was in front.
    return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
  }

  #open(protocol: string): void {
    if (this.#readyState === CONNECTING) {
      this.#protocol = protocol;
      this.#readyState = OPEN;
      this.dispatchEvent(new Event('open'));
    }
  }

  #goAway(): void {
    this.#away ??= setTimeout(() => this.#fail(1006), this.#awayTimeout);
  }

  #comeBack(): void {
    clearTimeout(this.#away);
    this.#away = undefined;
  }

  /** The link is closed: by this side, or by the server without a control message. */
  #closed(error: ConnectionError | ConfigurationError | undefined): void {
    if (!error && this.#asked) {
      this.#finish(this.#asked);
    } else if (error instanceof ConnectionError && error.code === 'refused') {
      this.#finish({ code: error.closeCode, reason: error.reason, wasClean: this.#readyState >= OPEN });
    } else {
      this.#fail(1006);
    }
  }

  #fail(code: number): void {
    this.#finish({ code, reason: '', wasClean: false });
  }

  /** Ends the socket, once; what is unclean is an error first. */
  #finish(close: CloseEventInit): void {
    if (this.#readyState === CLOSED) {
      return;
    }
    this.#readyState = CLOSED;
    this.#comeBack();
    this.#link.abort(new ConnectionError('aborted', 'The socket is closed.', false));
    if (!close.wasClean) {
      this.dispatchEvent(new Event('error'));
    }
    this.dispatchEvent(new CloseEventHere('close', close));
  }
}

for (const [name, value] of Object.entries(STATES)) {
  const constant = { value, enumerable: true };
  Object.defineProperty(TidewireSocket, name, constant);
  Object.defineProperty(TidewireSocket.prototype, name, constant);
}

function syntaxError(message: string): DOMException {
  return new DOMException(message, 'SyntaxError');
}

/** The URL, by the steps of the constructor in the standard. */
function parse(url: string): URL {
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

/** Web IDL's union of Blob, buffer source and text. */
function toSendable(data: unknown): Sendable {
  if (data instanceof Blob || data instanceof ArrayBuffer) {
    return data;
  }
  if (ArrayBuffer.isView(data)) {
    if (!(data.buffer instanceof ArrayBuffer)) {
      throw new TypeError('A view of shared memory cannot be sent.');
    }
    return data;
  }
  return `${data as string}`;
}

/** Web IDL's conversion to text of Unicode scalar values. */
function wellFormed(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

function sizeOf(body: Sendable): number {
  if (typeof body === 'string') {
    return new TextEncoder().encode(body).length;
  }
  return body instanceof Blob ? body.size : body.byteLength;
}

/** Web IDL's `[Clamp] unsigned short`. */
function clamp(code: unknown): number {
  const number = Number(code);
  if (!(number > 0)) {
    return 0;
  }
  const floor = Math.floor(number);
  const half = number - floor === 0.5;
  return Math.min(half ? floor + (floor % 2) : Math.round(number), 65_535);
}
