import { describe, unloaded, unusable } from './causes.js';
import { bytesOf, type Endpoint, type Provider } from './endpoint.js';
import { type ConfigurationError, ConnectionError, MessageError } from './errors.js';
import type { Connection } from './generated/core.js';
import { isRepeatable, load, type ProvidedWasm } from './load.js';
import { Receipt, type Sendable } from './receipt.js';
import { flatten, TRANSPORTS, type Settings, type Transport } from './settings.js';
import { startTimer, type Timer } from './timer.js';
import { closed, dropped, full, Waiting } from './waiting.js';

/** How a link is made. */
export interface LinkOptions extends Settings {
  protocols: readonly string[];
  wasm?: ProvidedWasm | undefined;
}

const STATES = ['connecting', 'open', 'waiting'] as const;

/** Where a link stands until it is closed. */
export type LinkState = (typeof STATES)[number];

/** Who is told what happens on a link. The methods are called one at a time and do not throw. */
export interface Owner {
  message(session: number, data: string | Uint8Array): void;
  /** Where the link stands, and by which transport it is open. */
  state(state: LinkState, transport?: Transport): void;
  /** The session is carried; of one that goes on, the number of messages the server had, else -1. */
  connected(received: number): void;
  /** A message was handed to a carrier. */
  sent(receipt: Receipt): void;
  /** There is room in the outbox again. */
  room(): void;
  /** An attempt failed; the next follows in so many milliseconds. */
  retry(error: ConnectionError, delay: number): void;
  /** The session is lost and a new one begins. */
  lost(error: ConnectionError, unconfirmed: Receipt[]): void;
  /** The link is closed for good; without an error, because that was asked for. */
  closed(error: ConnectionError | ConfigurationError | undefined, unconfirmed: Receipt[]): void;
}

/** How long `close` waits for what was sent, in milliseconds, where the wasm is not asked. */
const CLOSE_TIMEOUT = 5_000;

/** The first and the last delay before the wasm is asked for again, in milliseconds. */
const LOAD_AGAIN_FIRST = 1_000;
const LOAD_AGAIN_LAST = 30_000;

/** One client of the wasm, usable before the wasm is there: what is sent early waits, in order. */
export class Link {
  #owner: Owner;
  /** What the wasm calls. */
  #listener: Record<string, (...told: never[]) => void>;
  #connection: Connection | undefined;
  #provider: Provider | undefined;
  /** Not handed to the wasm yet. */
  #waiting: Waiting;
  /** A message was refused while others waited: the owner is told when there is room. */
  #isRefusing = false;
  /** Handed to the wasm, and not acknowledged, by their numbers, which the wasm counts from 1 on. */
  #open = new Map<number, Receipt>();
  /** The last number that was handed to a carrier, and the last one that is acknowledged. */
  #sent = 0;
  #acknowledged = 0;
  #unconfirmed: Receipt[] = [];
  #closing: { code: number; reason: string } | undefined;
  #ended = false;
  #closeTimeout: number;
  #timer: Timer | undefined;
  #closeTimer: Timer | undefined;
  #lastStats: Float64Array | undefined;

  constructor(url: string | undefined, options: LinkOptions, endpoint: Endpoint | Provider, owner: Owner) {
    this.#owner = owner;
    this.#listener = this.#listenTo();
    this.#waiting = new Waiting(options);
    this.#closeTimeout = options.timings?.closeTimeout ?? CLOSE_TIMEOUT;
    this.#provider = typeof endpoint === 'function' ? endpoint : undefined;
    const token = bytesOf(typeof endpoint === 'function' ? undefined : endpoint.token);
    const [choices, numbers] = flatten(options, !!this.#provider);
    this.#load(
      Core =>
        new Core(
          // Never connected to: the provider answers before the first attempt.
          url ?? 'https://provider.invalid/',
          token,
          options.protocols,
          choices,
          numbers,
          options.bare?.heartbeat?.message ?? '',
          this.#listener,
        ),
      options.wasm,
      LOAD_AGAIN_FIRST,
    );
  }

  /** Whether the link was closed, by whichever side, or is closing. */
  get isClosing(): boolean {
    return this.#ended || !!this.#closing;
  }

  /** The counters of the wasm, at the end the last ones; none before it is there. */
  stats(): Float64Array | undefined {
    return this.#connection?.stats() ?? this.#lastStats;
  }

  /** Accepts a message, or throws a {@link MessageError} that hands it back. */
  send(data: unknown, body: Sendable): Receipt {
    if (this.isClosing) {
      throw closed(data);
    }
    const receipt = new Receipt(data, body);
    if (this.#connection && !this.#waiting.first && !(receipt.body instanceof Blob)) {
      const refused = this.#hand(receipt);
      if (refused) {
        throw refused;
      }
      return receipt;
    }
    try {
      this.#waiting.push(receipt);
    } catch (refused) {
      this.#isRefusing = true;
      throw refused;
    }
    if (receipt.body instanceof Blob) {
      void receipt.body.arrayBuffer().then(
        buffer => this.#read(receipt, new Uint8Array(buffer)),
        error => this.#read(receipt, undefined, error),
      );
    } else if (typeof receipt.body !== 'string') {
      // The caller may use its buffer again.
      receipt.body = receipt.body.slice();
    }
    return receipt;
  }

  /** The application has taken a message of a session. */
  consumed(session: number): void {
    this.#connection?.consumed(session, 1);
  }

  /** Closes: what was sent goes first. The caller has checked code and reason. */
  close(code: number, reason: string): void {
    if (!this.isClosing) {
      this.#closing = { code, reason };
      this.#flush();
      if (this.#waiting.first) {
        // For the whole way: the wasm would begin to count when it is handed the last message.
        this.#closeTimer = startTimer(() => this.abort(), this.#closeTimeout);
      } else if (!this.#connection) {
        this.#end(undefined);
      }
    }
  }

  /** Lets go at once of everything; nobody waits for the server. */
  abort(error?: ConnectionError | ConfigurationError): void {
    if (!this.#ended) {
      for (const receipt of this.#open.values()) {
        this.#fail(receipt, receipt.fate === 'sent' ? 2 : 1);
      }
      this.#end(error);
    }
  }

  #load(make: (Core: typeof Connection) => Connection, wasm: LinkOptions['wasm'], delay: number): void {
    load(wasm).then(
      Core => {
        if (!this.#ended) {
          try {
            this.#connection = make(Core);
          } catch (flaw) {
            return this.#end(unusable(flaw));
          }
          this.#flush();
        }
      },
      cause => {
        const error = unloaded(cause, isRepeatable(wasm));
        if (!error.retryable) {
          this.#end(error);
        } else if (!this.#ended) {
          this.#timer = startTimer(() => this.#load(make, wasm, Math.min(delay * 2, LOAD_AGAIN_LAST)), delay);
          this.#owner.state('waiting');
          this.#owner.retry(error, delay);
        }
      },
    );
  }

  #read(receipt: Receipt, bytes: Uint8Array | undefined, error?: unknown): void {
    if (bytes) {
      receipt.body = bytes;
    } else if (this.#waiting.remove(receipt)) {
      receipt.settle(new MessageError('encode', `The Blob cannot be read: ${String(error)}`, receipt.data));
    }
    this.#flush();
  }

  /** Hands over what waits, up to what is not ready or finds no room; then the wish to close. */
  #flush(): void {
    let first;
    while (this.#connection && (first = this.#waiting.first) && !(first.body instanceof Blob)) {
      const refused = this.#hand(first);
      if (refused?.code === 'full') {
        return;
      }
      this.#waiting.remove(first);
      if (refused) {
        first.settle(refused);
      }
    }
    if (this.#waiting.first) {
      return;
    }
    this.#tellOfRoom();
    if (this.#closing) {
      this.#connection?.close(this.#closing.code, this.#closing.reason);
    }
  }

  /** What was refused while others waited was never refused by the wasm, which so tells of no room. */
  #tellOfRoom(): void {
    if (this.#isRefusing && this.#connection && !this.#waiting.first) {
      const [messages = 0, bytes = 0] = this.#connection.stats().slice(-2);
      if (this.#waiting.fits(messages, bytes)) {
        this.#isRefusing = false;
        this.#owner.room();
      }
    }
  }

  /** Hands a message to the wasm; returns why it refuses. */
  #hand(receipt: Receipt): MessageError | undefined {
    const connection = this.#connection as Connection;
    const { body, data } = receipt;
    const id =
      typeof body === 'string' ? connection.sendText(body) : connection.sendBytes(body as Uint8Array);
    if (id > 0) {
      receipt.id = id;
      this.#open.set(id, receipt);
      return;
    }
    if (id === 0) {
      return full(data);
    }
    return id === -1
      ? closed(data)
      : new MessageError('too-large', `The server takes at most ${connection.maxMessage()} bytes.`, data);
  }

  #listenTo(): Record<string, (...told: never[]) => void> {
    const owner = this.#owner;
    return {
      message: owner.message,
      state: (state: number, transport: number) =>
        owner.state(STATES[state] as LinkState, TRANSPORTS[transport]),
      connected: owner.connected,
      progress: (id: number, acknowledged: boolean) => this.#progress(id, acknowledged),
      unconfirmed: (id: number, how: number) => this.#fail(this.#open.get(id), how),
      room: () => {
        this.#flush();
        owner.room();
      },
      ended: (what: number, cause: number, number: number, text: string, delay: number) => {
        const error = describe(cause, number, text);
        if (what === 0) {
          owner.retry(error as ConnectionError, delay);
        } else if (what === 1) {
          owner.lost(error as ConnectionError, this.#take());
        } else {
          this.#end(error);
        }
      },
      prepare: (attempt: number, reauthenticate: boolean) => void this.#prepare(attempt, reauthenticate),
    };
  }

  #progress(id: number, acknowledged: boolean): void {
    while (this.#sent < id) {
      const receipt = this.#open.get(++this.#sent);
      if (receipt) {
        receipt.leave();
        this.#owner.sent(receipt);
      }
    }
    if (acknowledged) {
      while (this.#acknowledged < id) {
        const receipt = this.#open.get(++this.#acknowledged);
        this.#open.delete(this.#acknowledged);
        receipt?.settle();
      }
      this.#tellOfRoom();
    }
  }

  /** 0: dropped. 1: certainly not at the peer. 2: perhaps at the peer. */
  #fail(receipt: Receipt | undefined, how: number): void {
    if (!receipt) {
      return;
    }
    this.#open.delete(receipt.id);
    if (how === 0) {
      receipt.settle(dropped(receipt.data));
    } else {
      this.#giveUp(receipt, how === 2);
    }
  }

  #giveUp(receipt: Receipt, transmitted: boolean): void {
    receipt.settle(
      new MessageError(
        'unconfirmed',
        transmitted
          ? 'The message was not acknowledged: whether it arrived is unknown.'
          : 'The message was never sent.',
        receipt.data,
        transmitted,
      ),
    );
    this.#unconfirmed.push(receipt);
  }

  #take(): Receipt[] {
    const taken = this.#unconfirmed;
    this.#unconfirmed = [];
    return taken;
  }

  #end(error: ConnectionError | ConfigurationError | undefined): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#closeTimer);
    for (const receipt of this.#waiting.clear()) {
      this.#giveUp(receipt, false);
    }
    const connection = this.#connection;
    this.#lastStats = connection?.stats();
    this.#connection = undefined;
    // The wasm may be in the middle of telling: it goes on, and nobody hears it.
    for (const method in this.#listener) {
      this.#listener[method] = () => {};
    }
    queueMicrotask(() => connection?.free());
    this.#owner.closed(error, this.#take());
  }

  async #prepare(attempt: number, reauthenticate: boolean): Promise<void> {
    try {
      const { url, token } = await (this.#provider as Provider)({ reauthenticate });
      const bytes = bytesOf(token);
      this.#connection?.prepared(attempt, url?.toString(), bytes);
    } catch (reason) {
      this.#connection?.unprepared(attempt, String(reason));
    }
  }
}
