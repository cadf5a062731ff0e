import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

import { temporary, viteBuild } from './support/bundle.mjs';
import { atEnd } from './support/end.mjs';
import { startProxy } from './support/proxy.mjs';
import { gateway } from './support/server.mjs';
import { browse, open, serve } from './support/site.mjs';
import { until } from './support/wait.mjs';

const CUTS = 40;

/** A server of graphql-ws that counts up in a subscription until it is told to stop, and doubles in queries. */
async function startGraphql() {
  const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/graphql' });
  const server = { counted: 0, connections: 0, subscriptions: 0, counting: true };
  async function* count() {
    server.subscriptions++;
    while (server.counting) {
      yield { count: server.counted++ };
      await delay(5);
    }
  }
  const { dispose } = useServer(
    {
      schema: buildSchema('type Query { double(of: Int!): Int! } type Subscription { count: Int! }'),
      roots: { query: { double: ({ of }) => 2 * of }, subscription: { count } },
      onConnect: () => {
        server.connections++;
      },
    },
    sockets,
  );
  await once(sockets, 'listening');
  atEnd(dispose);
  return Object.assign(server, { ws: `ws://127.0.0.1:${sockets.address().port}/graphql` });
}

const folder = await temporary({ after });

let graphql, front, proxy, site, browser;

before(async () => {
  graphql = await startGraphql();
  [front, site, browser] = await Promise.all([
    gateway({ backend: graphql.ws }),
    viteBuild('graphql', folder).then(() => serve(folder)),
    browse(),
  ]);
  proxy = await startProxy(front);
});

test('a subscription and queries of graphql-ws pass through cuts that it never sees', async () => {
  const { page } = await open(browser, `${site.url}/?url=${proxy.ws}/graphql`);
  await page.waitForFunction(() => seen.numbers.length > 0);
  proxy.cutting = true;
  const asked = page.evaluate(() => ask());
  await until(() => proxy.cuts >= CUTS);
  proxy.cutting = false;
  await page.evaluate(() => void (asking = false));
  await asked;
  await page.waitForFunction(count => seen.numbers.length >= count, graphql.counted);

  const during = await page.evaluate(() => seen);
  assert.deepEqual([during.connecting, during.connected, during.closed, during.error], [1, 1, 0, 0]);
  assert.deepEqual([graphql.connections, graphql.subscriptions], [1, 1]);
  assert.deepEqual(
    during.answers.toSorted(([one], [other]) => one - other),
    Array.from({ length: during.asked }, (_, of) => [of, 2 * of]),
  );

  graphql.counting = false;
  await page.evaluate(() => counted);
  const { numbers } = await page.evaluate(() => seen);
  assert.deepEqual(
    numbers,
    Array.from({ length: graphql.counted }, (_, number) => number),
  );
  // With its last subscription the client closes: what was not counted before would have been.
  await page.waitForFunction(() => seen.closed === 1);
  console.log(
    `cuts: ${proxy.cuts}, messages: ${numbers.length}, queries answered: ${during.answers.length}, ` +
      `reconnects seen by graphql-ws: ${during.connected - 1}, seed: ${proxy.seed}`,
  );
});
