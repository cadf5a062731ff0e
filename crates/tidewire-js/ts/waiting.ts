import { MessageError } from './errors.js';
import { Queue } from './queue.js';
import type { Receipt } from './receipt.js';
import type { Settings } from './settings.js';

/** What a message is counted for beyond its bytes. */
const MESSAGE_COST = 64;

/**
 * Messages that cannot be handed to the wasm yet, in order: it is being loaded, a Blob is being read, or the outbox
 * is full. It is bounded as the outbox is, and follows the same policy.
 */
export class Waiting {
  #receipts = new Queue<Receipt>();
  #bytes = 0;
  #maxMessages: number;
  #maxBytes: number;
  #overflow: Settings['overflow'];

  constructor({ limits, overflow }: Settings) {
    this.#maxMessages = limits?.outboxMessages ?? 8_192;
    this.#maxBytes = limits?.outboxBytes ?? 4_194_304;
    this.#overflow = overflow;
  }

  /** The message whose turn it is. */
  get first(): Receipt | undefined {
    return this.#receipts.first;
  }

  /** Takes a message at the end, or throws `full`. */
  push(receipt: Receipt): void {
    while (!this.fits(this.#receipts.length, this.#bytes, costOf(receipt))) {
      if (this.#overflow === 'drop-newest') {
        return receipt.settle(dropped(receipt.data));
      }
      if (this.#overflow !== 'drop-oldest') {
        throw full(receipt.data);
      }
      const oldest = this.first as Receipt;
      this.remove(oldest);
      oldest.settle(dropped(oldest.data));
    }
    this.#receipts.push(receipt);
    this.#bytes += costOf(receipt);
  }

  /** Whether the message was still waiting. */
  remove(receipt: Receipt): boolean {
    const wasThere = this.#receipts.remove(receipt);
    if (wasThere) {
      this.#bytes -= costOf(receipt);
    }
    return wasThere;
  }

  /** All that waits, taken out. */
  clear(): Receipt[] {
    this.#bytes = 0;
    return this.#receipts.clear();
  }

  /** Whether a message finds room beside so many others; as in the outbox, alone it does, however long it is. */
  fits(messages: number, bytes: number, cost = MESSAGE_COST): boolean {
    return !messages || (messages < this.#maxMessages && bytes + cost <= this.#maxBytes);
  }
}

function costOf(receipt: Receipt): number {
  return receipt.size + MESSAGE_COST;
}

export function closed(data: unknown): MessageError {
  return new MessageError('closed', 'The client is closed: make a new one.', data);
}

export function full(data: unknown): MessageError {
  return new MessageError('full', 'The outbox is full: wait for `ready`, then send it again.', data);
}

export function dropped(data: unknown): MessageError {
  return new MessageError('dropped', 'The message found no room, or is longer than the server takes.', data);
}
