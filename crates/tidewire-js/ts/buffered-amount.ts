import { queueTask } from './task.js';

/** The bytes that a socket accepted and no carrier has taken yet. The standard: within a task the amount only grows. */
export class BufferedAmount {
  bytes = 0;
  /** Taken in this task. */
  #taken = 0;

  /** A carrier has taken so many bytes. */
  take(bytes: number): void {
    if (!this.#taken) {
      queueTask(() => {
        this.bytes -= this.#taken;
        this.#taken = 0;
      });
    }
    this.#taken += bytes;
  }
}
