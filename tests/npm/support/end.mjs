// What a file of tests has started ends after its last test, also where a hook failed on the way: a process that waits
// for a forgotten server would never end.
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds that everything may take to end, before the process ends without it. */
const PATIENCE = 5_000;

const stops = new Set();
let isOver = false;

after(async () => {
  isOver = true;
  const ended = [...stops].reverse().map(async entry => {
    await entry.stop();
    stops.delete(entry);
  });
  await Promise.race([Promise.all(ended), delay(PATIENCE, undefined, { ref: false })]);
  setTimeout(() => {
    console.error('The tests are over, their process is not. Still ending:', [...stops].map(({ what }) => what));
    process.exit();
  }, PATIENCE).unref();
});

/** Calls `stop` after the last test of this file, or now where that is over; twice does no harm. */
export async function atEnd(what, stop) {
  if (isOver) {
    // It was still starting when something beside it failed.
    await stop();
  } else {
    stops.add({ what, stop });
  }
}
