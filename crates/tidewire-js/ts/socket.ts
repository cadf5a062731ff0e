import { Absence } from './absence.js';
import { BufferedAmount } from './buffered-amount.js';
import { aborted } from './causes.js';
import { CloseEventHere, FAILED, type End } from './close-event.js';
import { checkClose } from './close.js';
import { checkNames, fromBytes, toBody, toCode, toNames, toText, toUrl } from './convert.js';
import { ConnectionError, type ConfigurationError, type MessageError } from './errors.js';
import { closeMessage, Control, literal, read, tokenOf } from './gateway.js';
import { EventHandlers, type Handler } from './handlers.js';
import { Link, type Owner } from './link.js';
import { sizeOf } from './receipt.js';
import { awayTimeout, checkOptions, openTimeout, ROOM, type SocketOptions } from './socket-options.js';
import { queueTask } from './task.js';
import { dressAsStandard, nameAsStandard } from './web-idl.js';

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

// The build makes this the class that was there before anybody put another in its place: see native.ts.
const NativeWebSocket = WebSocket;

const BY_PAGE = 'The page closed the socket.';

const OPTIONS = Symbol('options');

/** Stands for the page's close, among the messages that are sent. */
const GOODBYE = Symbol('goodbye');

/**
 * A `WebSocket` with the interface of the WHATWG WebSockets standard, whose connection is a session: cuts, changes of
 * network and proxies that block WebSocket are invisible to whoever uses it, and `close` comes when the session has
 * really ended.
 *
 * The `error` event before an unclean `close` has a field of its own, `error`: the {@link ConnectionError} that says why.
 */
export class TidewireSocket extends EventTarget {
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
  static readonly [OPTIONS]: SocketOptions = {};

  /**
   * The class with options, for libraries that call `new Constructor(url, protocols)`.
   *
   * @throws {ConfigurationError} An option has no such value.
   */
  static with(options: SocketOptions): typeof WebSocket {
    const all = { ...this[OPTIONS], ...options };
    checkOptions(all);
    if (all.server === 'plain') {
      return NativeWebSocket;
    }
    const Class = class extends this {
      static override readonly [OPTIONS] = all;
    };
    nameAsStandard(Class);
    return Class as unknown as typeof WebSocket;
  }

  readonly #handlers = new EventHandlers(this);
  readonly #url: string;
  readonly #origin: string;
  /** The sub-protocols that the page speaks. */
  readonly #names: readonly string[];
  readonly #link: Link;
  readonly #awayTimeout: number;
  /** Whether control messages of a gateway come between the others. */
  readonly #controlled: boolean;
  #readyState = CONNECTING;
  readonly #extensions = '';
  #protocol = '';
  readonly #buffered = new BufferedAmount();
  #binaryType: BinaryType = 'blob';
  readonly #away = new Absence(() =>
    this.#fail(new ConnectionError('timeout', 'No connection came about in time.', true)),
  );
  /** How the page asked to close, once it did; behind a gateway the server's answer counts instead. */
  #asked: End | undefined;
  /** What the gateway is to be told of a close, until there is room for it. */
  #goodbye = '';
  /** The last message of a gateway was heard, or one that no gateway says. */
  #isOver = false;
  /** The end is known, and told after what came before it. */
  #ended = false;

  /**
   * @param url Absolute, or relative to the page; `http` and `https` count as `ws` and `wss`.
   * @param protocols The sub-protocols that the page speaks, the preferred one first.
   * @throws {DOMException} `SyntaxError` where the standard says so.
   */
  constructor(url: string | URL, protocols: string | string[] = []) {
    super();
    if (!arguments.length) {
      throw new TypeError('A WebSocket needs a URL.');
    }
    const options = (new.target as typeof TidewireSocket)[OPTIONS] ?? {};
    const given = `${url}`;
    const names = toNames(protocols);
    const parsed = toUrl(given);
    checkNames(names);
    this.#url = parsed.href;
    this.#origin = `${parsed.protocol}//${parsed.host}`;
    this.#names = names;
    this.#controlled = options.server !== 'tidewire';
    this.#awayTimeout = awayTimeout(options);
    // Browsers do not send them with a handshake, and refuse them in `fetch`.
    parsed.username = parsed.password = '';
    this.#link = new Link(
      parsed.href,
      { ...options, limits: { ...ROOM, ...options.limits }, protocols: this.#controlled ? [] : names },
      { token: this.#controlled ? tokenOf(names) : (options.token ?? '') },
      this.#owner(),
    );
    this.#away.begin(openTimeout(options));
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
    return this.#buffered.bytes;
  }

  get onopen(): Handler<Event> {
    return this.#handlers.get('open');
  }

  set onopen(handler: Handler<Event>) {
    this.#handlers.set('open', handler);
  }

  get onerror(): Handler<Event> {
    return this.#handlers.get('error');
  }

  set onerror(handler: Handler<Event>) {
    this.#handlers.set('error', handler);
  }

  get onclose(): Handler<CloseEvent> {
    return this.#handlers.get('close');
  }

  set onclose(handler: Handler<CloseEvent>) {
    this.#handlers.set('close', handler);
  }

  /** Always empty: a session has no extensions. */
  get extensions(): string {
    return this.#extensions;
  }

  /** The sub-protocol that the server behind the gateway chose; empty for none, and always with `server: 'tidewire'`. */
  get protocol(): string {
    return this.#protocol;
  }

  get onmessage(): Handler<MessageEvent> {
    return this.#handlers.get('message');
  }

  set onmessage(handler: Handler<MessageEvent>) {
    this.#handlers.set('message', handler);
  }

  /** How binary messages arrive. */
  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    const name = `${type}` as BinaryType;
    // Web IDL: what is no value of an enumeration is ignored.
    this.#binaryType = name === 'blob' || name === 'arraybuffer' ? name : this.#binaryType;
  }

  /**
   * Sends a message; after the socket began to close, only counts it.
   *
   * @throws {DOMException} `InvalidStateError` before `open`.
   */
  send(data: string | ArrayBuffer | ArrayBufferView | Blob): void {
    const readyState = this.#readyState;
    if (!arguments.length) {
      throw new TypeError('`send` needs a message.');
    }
    const converted = toBody(data);
    const body = this.#controlled ? literal(converted) : converted;
    if (readyState === CONNECTING) {
      throw new DOMException('The socket is still connecting: wait for `open`.', 'InvalidStateError');
    }
    this.#buffered.bytes += sizeOf(body);
    if (readyState === OPEN && !this.#ended) {
      this.#hand(data, body);
    }
  }

  /**
   * Closes the socket: what was sent goes first, and `close` comes when the server has answered.
   *
   * @param code 1000, or 3000 to 4999; none where it is not given.
   * @param reason At most 123 bytes of UTF-8.
   * @throws {DOMException} `InvalidAccessError` and `SyntaxError` where the standard says so.
   */
  close(code: number | undefined = undefined, reason: string | undefined = undefined): void {
    const readyState = this.#readyState;
    const clamped = code === undefined ? undefined : toCode(code);
    const text = reason === undefined ? '' : toText(reason);
    checkClose(clamped, text);
    if (readyState < CLOSING) {
      this.#readyState = CLOSING;
      if (readyState === CONNECTING) {
        this.#fail(aborted(BY_PAGE));
      } else {
        this.#askToClose(clamped, text);
      }
    }
  }

  #askToClose(code: number | undefined, reason: string): void {
    if (this.#controlled) {
      this.#goodbye = closeMessage(code ?? (reason ? 1000 : 1005), reason);
      this.#hand(GOODBYE, this.#goodbye);
    } else {
      this.#asked = { code: code ?? 1005, reason, wasClean: true };
      this.#link.close(code ?? 1000, reason);
    }
  }

  /** Hands over a message. What finds no room fails the socket, as the standard has it; only a close waits for some. */
  #hand(data: unknown, body: ReturnType<typeof toBody>): void {
    try {
      const receipt = this.#link.send(data, body);
      this.#goodbye = '';
      if (!receipt.id) {
        // A Blob, or what waits behind one, is refused when its turn comes.
        receipt.acknowledged.catch((error: MessageError) => {
          // What is merely unconfirmed has ended with the socket, which tells that itself.
          if (error.code !== 'unconfirmed') {
            this.#fail(error);
          }
        });
      }
    } catch (error) {
      if (!this.#goodbye || (error as MessageError).code !== 'full') {
        this.#fail(error as MessageError);
      }
    }
  }

  #owner(): Owner {
    return {
      message: (session, raw) =>
        queueTask(() => {
          this.#link.consumed(session);
          this.#arrive(raw);
        }),
      // Before `open` a connection proves nothing: the server behind the gateway has to accept.
      state: state => (state === 'open' && this.#readyState ? this.#away.end() : this.#goAway()),
      connected: () => {
        if (!this.#controlled) {
          queueTask(() => this.#open(''));
        }
      },
      // The page's messages alone are counted, and not any more when it was told of the end.
      sent: ({ data, size }) => this.#buffered.take(data === GOODBYE || this.#ended ? 0 : size),
      room: () => {
        if (this.#goodbye) {
          this.#hand(GOODBYE, this.#goodbye);
        }
      },
      retry: () => {},
      // The next session would be another connection of the server: this one is over.
      lost: error => this.#fail(error),
      closed: error => this.#closed(error),
    };
  }

  #arrive(raw: string | Uint8Array): void {
    // The wasm hands over copies.
    const own = raw as string | Uint8Array<ArrayBuffer>;
    const message = this.#controlled ? read(own) : { kind: Control.Data, data: own };
    if (!this.#controlled) {
      // A first message may come before the word that there is a connection.
      this.#open('');
    }
    const isFirst = this.#readyState === CONNECTING;
    if (this.#isOver) {
      return;
    }
    this.#isOver = message.kind !== (isFirst ? Control.Opened : Control.Data);
    if (message.kind === Control.Closed) {
      const { code, reason, wasClean } = message.close;
      this.#link.close(1000, '');
      this.#finish(
        wasClean ? message.close : FAILED,
        new ConnectionError('refused', `The gateway closed: ${code} ${reason}`, true, code, reason),
      );
    } else if (this.#isOver || message.kind === Control.Broken) {
      this.#link.close(4400, 'malformed: not as control messages are');
      this.#fail(new ConnectionError('protocol', 'The gateway broke the rules of control messages.', false));
    } else if (message.kind === Control.Opened) {
      this.#accepted(message.protocol);
    } else if (this.#readyState === OPEN) {
      const data =
        typeof message.data === 'string' ? message.data : fromBytes(message.data, this.#binaryType);
      this.dispatchEvent(new MessageEvent('message', { data, origin: this.#origin }));
    }
  }

  /** The standard: where sub-protocols are wanted, the server has to choose one. */
  #accepted(protocol: string): void {
    if (protocol ? this.#names.includes(protocol) : !this.#names.length) {
      this.#open(protocol);
    } else {
      const why = `The server chose the sub-protocol "${protocol}", not a wanted one.`;
      this.#fail(new ConnectionError('protocol', why, true));
    }
  }

  #open(protocol: string): void {
    if (this.#readyState === CONNECTING) {
      this.#protocol = protocol;
      this.#readyState = OPEN;
      this.#away.end();
      this.dispatchEvent(new Event('open'));
    }
  }

  #goAway(): void {
    if (!this.#ended) {
      this.#away.begin(this.#awayTimeout);
    }
  }

  /** The link is closed: by this side, or by the server without a control message. */
  #closed(error: ConnectionError | ConfigurationError | undefined): void {
    if (!error && this.#asked && !this.#away.lasts) {
      this.#finish(this.#asked);
    } else if (error instanceof ConnectionError && error.code === 'refused') {
      this.#finish({ code: error.closeCode, reason: error.reason, wasClean: true }, error);
    } else {
      this.#fail(error ?? aborted(BY_PAGE));
    }
  }

  #fail(error: Error): void {
    this.#finish(FAILED, error);
  }

  /** Ends the socket, once; what is unclean is an error first. */
  #finish(end: End, error?: Error): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.#away.end();
    // What the gateway has ended closes in due form: over HTTP its session would stay there otherwise.
    if (!this.#isOver) {
      this.#link.abort(aborted(BY_PAGE));
    }
    queueTask(() => {
      // A connection that never opened is none that was closed: the page learns why from `error`.
      const told = this.#readyState === CONNECTING ? FAILED : end;
      this.#readyState = CLOSED;
      const close = () => this.dispatchEvent(new CloseEventHere('close', told));
      if (told.wasClean) {
        close();
      } else {
        this.dispatchEvent(Object.assign(new Event('error'), { error }));
        queueTask(close);
      }
    });
  }
}

dressAsStandard(TidewireSocket, { CONNECTING, OPEN, CLOSING, CLOSED });
