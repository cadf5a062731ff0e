// What a file of tests has started ends after its last test, also where a hook failed on the way: a process that waits
// for a forgotten server would never end.
import { after } from 'node:test';

// Milliseconds in which a process whose tests are over has to end.
const PATIENCE = 30_000;

const stops = [];
let isOver = false;

after(async () => {
  isOver = true;
  // Node 20 may turn in circles where it tears down what is left of connections that were reset: exit without that.
  process.once('exit', code => process.exit(code));
  const overdue = () => {
    const left = process.getActiveResourcesInfo().join(', ');
    console.error(`the tests of this file are over, and something that they started still runs: ${left}`);
    process.exit(1);
  };
  setTimeout(overdue, PATIENCE).unref();
  await Promise.all([...stops].reverse().map(stop => stop()));
});

/** Calls `stop` after the last test of this file, or now where that is over; twice does no harm. */
export async function atEnd(stop) {
  if (isOver) {
    // It was still starting when something beside it failed.
    await stop();
  } else {
    stops.push(stop);
  }
}
