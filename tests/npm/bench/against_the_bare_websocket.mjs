// What the packed package costs beside the `WebSocket` of the same browser, at the same server, in the same run.
// `cargo xtask bench --npm` runs it with release builds. Rounds alternate, and the medians are compared.
import { connect, createServer } from 'node:net';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { test } from 'node:test';

import { atEnd } from '../support/end.mjs';
import { echo, gateway } from '../support/server.mjs';
import { browse, open, serve } from '../support/site.mjs';

const LENGTH = 20;
const BURST = 100_000;
const TRIPS = 2_000;
/** Odd, so that there is a median. */
const ROUNDS = 3;
/** For the bytes: messages in one turn, and one by one with a pause that no acknowledgement waits for. */
const COUNTED = 10_000;
const CHAT = { messages: 40, length: LENGTH, pause: 60 };

const SUBJECTS = [
  { name: 'WebSocket', subject: 'bare', place: 'message' },
  { name: 'Client', subject: 'client', place: 'live' },
  { name: 'WebSocket*', subject: 'bare', place: 'gateway' },
  { name: 'TidewireSocket*', subject: 'dropIn', place: 'gateway' },
];

/** A TCP proxy that counts what passes, both ways. */
async function counter(server) {
  const target = new URL(server.http);
  const count = { bytes: 0 };
  const listener = createServer(near => {
    const far = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.on('data', chunk => (count.bytes += chunk.length));
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise(resolve => listener.listen(0, '127.0.0.1', resolve));
  atEnd(() => listener.close());
  return Object.assign(count, { ws: `ws://127.0.0.1:${listener.address().port}` });
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

const median = values => quantile(values, 0.5);

/** The widths of the table. */
const TITLE = 36;
const CELL = 20;

function line(title, values) {
  const cells = values.map(value => `${value.toFixed(0)} ${(value / values[0]).toFixed(2).padStart(6)}`.padStart(CELL));
  console.log(title.padEnd(TITLE) + cells.join(''));
}

test('what a session costs beside the bare WebSocket', async () => {
  const sessions = await echo();
  const front = await gateway({ backend: `${sessions.ws}/message` });
  // Isolated pages have clocks that are not made coarse.
  const site = await serve(resolve('.'), {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  });
  const browser = await browse();
  const { page } = await open(browser, `${site.url}/bench/`);
  const servers = { message: [sessions, '/message'], live: [sessions, '/live'], gateway: [front, '/message'] };
  const run = (name, { subject, place }, how, at = servers[place][0]) =>
    page.evaluate(
      ([name, subject, url, how]) => globalThis[name](subject, url, how),
      [name, subject, at.ws + servers[place][1], how],
    );

  const runs = SUBJECTS.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, subject] of SUBJECTS.entries()) {
      runs[index].push(await run('measure', subject, { burst: BURST, trips: TRIPS, length: LENGTH }));
    }
  }
  const bytes = [];
  for (const subject of SUBJECTS) {
    const count = await counter(servers[subject.place][0]);
    /** Bytes for one message, with its echo: what opening and warming up take goes out of the difference. */
    const each = async (name, of, [few, many]) => {
      const counts = [];
      for (const messages of [few, many]) {
        count.bytes = 0;
        await run(name, subject, of(messages), count);
        counts.push(count.bytes);
      }
      return (counts[1] - counts[0]) / (many - few);
    };
    bytes.push({
      atOnce: await each('measure', burst => ({ burst, trips: 0, length: LENGTH }), [1, COUNTED]),
      oneByOne: await each('chat', messages => ({ ...CHAT, messages }), [1, CHAT.messages]),
    });
  }

  console.log(`echoes of ${LENGTH} bytes of text in Chromium ${browser.version()}, ${cpus().length} cores,`);
  console.log(`medians of ${ROUNDS} rounds, each with its ratio to the first column; * behind the gateway\n`);
  console.log(' '.repeat(TITLE) + SUBJECTS.map(({ name }) => name.padStart(CELL)).join(''));
  const of = pick => runs.map(rounds => median(rounds.map(pick)));
  line(`${BURST.toLocaleString('en')} at once, messages a second`, of(({ burst }) => (BURST * 1_000) / burst));
  line('one by one, median round trip, µs', of(({ trips }) => median(trips) * 1_000));
  line('one by one, p99 round trip, µs', of(({ trips }) => quantile(trips, 0.99) * 1_000));
  line('at once, bytes with the echo', bytes.map(({ atOnce }) => atOnce));
  line(`${CHAT.pause} ms apart, bytes with the echo`, bytes.map(({ oneByOne }) => oneByOne));
});
