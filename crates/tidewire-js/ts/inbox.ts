import { Queue } from './queue.js';

/** A message as the wasm hands it over. */
export type Raw = string | Uint8Array | ArrayBufferLike;

/** What an inbox does about its messages. */
export interface InboxOwner<Incoming> {
  /** May throw: the message is skipped then. */
  decode(data: Raw): Incoming;
  /** `decode` threw. */
  undecodable(data: Raw, cause: unknown): void;
  /** A message of this session was taken or skipped. */
  consumed(session: number): void;
}

/** What arrived and was not taken yet, in order. A message is decoded when it is taken. */
export class Inbox<Incoming> {
  #arrived = new Queue<{ session: number; data: Raw }>();
  #takers = new Queue<(result: IteratorResult<Incoming, undefined>) => void>();
  #isOver = false;
  #owner: InboxOwner<Incoming>;

  constructor(owner: InboxOwner<Incoming>) {
    this.#owner = owner;
  }

  /** Puts a message behind the others. */
  push(session: number, data: Raw): void {
    this.#arrived.push({ session, data });
  }

  /**
   * Hands the next message over, or tells that it cannot be decoded; whether there was one. Those who are told may take
   * messages themselves or end everything, so the caller looks again whether it still wants the next.
   */
  next(use: (value: Incoming) => void): boolean {
    const arrived = this.#arrived.shift();
    if (!arrived) {
      return false;
    }
    const { session, data } = arrived;
    let value;
    try {
      value = this.#owner.decode(data);
    } catch (cause) {
      this.#owner.consumed(session);
      this.#owner.undecodable(data, cause);
      return true;
    }
    use(value);
    this.#owner.consumed(session);
    return true;
  }

  /** The next message, once there is one; done, where none will come. */
  take(): Promise<IteratorResult<Incoming, undefined>> {
    return new Promise(resolve => {
      this.#takers.push(resolve);
      this.serve();
    });
  }

  /** Gives what arrived to those who wait for it. */
  serve(): void {
    while (this.#takers.length && this.next(value => this.#takers.shift()?.({ done: false, value })));
    if (this.#isOver) {
      for (const taker of this.#takers.clear()) {
        taker({ done: true, value: undefined });
      }
    }
  }

  /** Nothing more will arrive. */
  end(): void {
    this.#isOver = true;
    this.serve();
  }
}
