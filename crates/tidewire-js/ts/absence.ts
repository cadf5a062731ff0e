import { startTimer, type Timer } from './timer.js';

/** A time without a connection, which may last only so long. */
export class Absence {
  readonly #expire: () => void;
  #timer: Timer | undefined;

  /** @param expire Called when it lasted too long. */
  constructor(expire: () => void) {
    this.#expire = expire;
  }

  get lasts(): boolean {
    return this.#timer !== undefined;
  }

  /** Begins, unless it lasts already, and expires after so many milliseconds. */
  begin(timeout: number): void {
    this.#timer ??= startTimer(this.#expire, timeout);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
