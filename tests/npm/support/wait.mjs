// What tests wait for: events, messages and conditions. The test's own time-out bounds each.
import { setTimeout as delay } from 'node:timers/promises';

/** The next event of a type. */
export function next(target, type) {
  return new Promise(resolve => target.addEventListener(type, resolve, { once: true }));
}

/** So many messages of a client, taken one by one. */
export async function take(client, count) {
  const taken = [];
  for await (const message of client) {
    taken.push(message);
    if (taken.length === count) {
      break;
    }
  }
  return taken;
}

/** Comes back once the condition holds. */
export async function until(condition) {
  while (!(await condition())) {
    await delay(5);
  }
}
