import { MessageError } from './errors.js';

/** What can be sent. */
export type Sendable = string | ArrayBuffer | ArrayBufferView | Blob;

/** How far a message has come. */
export type Fate = 'queued' | 'sent' | 'acknowledged' | 'failed';

/** The handle on the fate of one message. It need not be kept: the message goes its way all the same. */
export class Receipt {
  /** @internal The number by which the wasm knows the message. */
  id = 0;
  /** @internal What travels; a Blob until it is read. */
  body: string | Uint8Array | Blob;
  #fate: Fate = 'queued';
  #error: MessageError | undefined;
  #settled: Promise<void> | undefined;
  #settle: ((error?: MessageError) => void) | undefined;

  /** @internal */
  constructor(
    /** The message, as it was given to `send`. */
    readonly data: unknown,
    body: Sendable,
  ) {
    if (typeof body === 'string' || body instanceof Blob) {
      this.body = body;
    } else if (ArrayBuffer.isView(body)) {
      this.body = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    } else {
      this.body = new Uint8Array(body);
    }
  }

  /** How far the message has come until now; `sent` says only that it was handed to the browser. */
  get fate(): Fate {
    return this.#fate;
  }

  /** Why it will not be acknowledged, once that is known. */
  get error(): MessageError | undefined {
    return this.#error;
  }

  /**
   * Resolves when the server's application has the message (with `bare`: when the browser has it). Rejects with a
   * {@link MessageError} that says what is known: `dropped` or `unconfirmed`.
   */
  get acknowledged(): Promise<void> {
    return (this.#settled ??= new Promise((resolve, reject) => {
      this.#settle = error => (error ? reject(error) : resolve());
      if (this.#fate === 'acknowledged' || this.#error) {
        this.#settle(this.#error);
      }
    }));
  }

  /** @internal Bytes that travel. */
  get size(): number {
    return sizeOf(this.body);
  }

  /** @internal The browser has it. */
  leave(): void {
    this.#fate = 'sent';
  }

  /** @internal */
  settle(error?: MessageError): void {
    this.#fate = error ? 'failed' : 'acknowledged';
    this.#error = error;
    this.#settle?.(error);
  }
}

/** The bytes that a message takes on its way. */
export function sizeOf(body: string | Uint8Array | Blob): number {
  if (typeof body !== 'string') {
    return body instanceof Blob ? body.size : body.byteLength;
  }
  let size = body.length;
  for (let index = 0; index < body.length; index++) {
    const unit = body.charCodeAt(index);
    if (unit > 0x7f) {
      size += unit > 0x7ff ? 2 : 1;
      // A pair takes 4 bytes; a lone surrogate becomes U+FFFD, which takes 3.
      if ((unit & 0xfc00) === 0xd800 && (body.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
        index++;
      }
    }
  }
  return size;
}
