// What a file of tests has started ends after its last test, also where a hook failed on the way: a process that waits
// for a forgotten server would never end.
import { after } from 'node:test';

const stops = [];

after(() => Promise.all(stops.reverse().map(stop => stop())));

/** Calls `stop` after the last test of this file; twice does no harm. */
export function atEnd(stop) {
  stops.push(stop);
}
