/** The longest time that timers know, in milliseconds; beyond it they fire at once. */
const LONGEST = 2 ** 31 - 1;

/** A timer, by its number. */
export type Timer = ReturnType<typeof setTimeout>;

/** `setTimeout`, for times of any length. */
export function startTimer(expire: () => void, millis: number): Timer {
  return setTimeout(expire, Math.min(millis, LONGEST));
}
