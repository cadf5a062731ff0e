import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { docs, setupWSConnection } from '@y/websocket-server/utils';
import { WebSocketServer } from 'ws';

import { temporary, viteBuild } from './support/bundle.mjs';
import { atEnd } from './support/end.mjs';
import { startProxy } from './support/proxy.mjs';
import { gateway } from './support/server.mjs';
import { browse, open, serve } from './support/site.mjs';
import { until } from './support/wait.mjs';

const CUTS = 60;

const NAMES = ['ann', 'bob'];

/** The server of y-websocket. */
async function startYjs() {
  const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  const server = { connections: 0 };
  sockets.on('connection', (socket, request) => {
    server.connections++;
    setupWSConnection(socket, request);
  });
  await once(sockets, 'listening');
  atEnd(async () => {
    const closed = [...sockets.clients].map(socket => once(socket, 'close'));
    sockets.clients.forEach(socket => socket.terminate());
    await Promise.all(closed);
    docs.forEach(doc => doc.destroy());
    await new Promise(resolve => sockets.close(resolve));
  });
  return Object.assign(server, { ws: `ws://127.0.0.1:${sockets.address().port}/documents` });
}

const folder = await temporary({ after });

let yjs, front, proxy, site, browser;

before(async () => {
  yjs = await startYjs();
  [front, site, browser] = await Promise.all([
    gateway({ backend: yjs.ws }),
    viteBuild('yjs', folder).then(() => serve(folder)),
    browse(),
  ]);
  proxy = await startProxy(front);
});

test('two pages that edit one Yjs document through cuts hold the same in the end', async () => {
  const pages = await Promise.all(
    NAMES.map(async name => (await open(browser, `${site.url}/?name=${name}&url=${proxy.ws}/documents`)).page),
  );
  const onBoth = what => Promise.all(pages.map(page => page.evaluate(what)));
  await Promise.all(pages.map(page => page.waitForFunction(() => provider.synced)));
  proxy.cutting = true;
  const edits = onBoth(() => edit());
  await until(() => proxy.cuts >= CUTS);
  proxy.cutting = false;
  await onBoth(() => void (editing = false));
  await edits;

  await until(async () => isDeepStrictEqual(...(await onBoth(() => contents().known))));
  const [ann, bob] = await onBoth(() => contents());
  assert.deepEqual(ann, bob);
  const seen = await onBoth(() => seen);
  NAMES.forEach((name, index) =>
    assert.deepEqual(
      ann.list.filter(entry => entry.startsWith(name)),
      Array.from({ length: seen[index].edits }, (_, number) => `${name}${number}`),
    ),
  );
  await until(async () =>
    isDeepStrictEqual(
      await onBoth(() => others()),
      [1, 0].map(other => [{ name: NAMES[other], number: seen[other].edits - 1 }]),
    ),
  );
  for (const { statuses, closes, errors } of seen) {
    assert.deepEqual([statuses, closes, errors], [['connected'], 0, 0]);
  }
  assert.equal(yjs.connections, 2);

  // The counters count: a provider that is told to disconnect says so.
  await onBoth(() => provider.disconnect());
  assert.deepEqual(await onBoth(() => seen.closes), [1, 1]);
  console.log(
    `cuts: ${proxy.cuts}, edits: ${seen.map(({ edits }) => edits).join(' and ')}, length of the text: ` +
      `${ann.text.length}, reconnects seen by y-websocket: 0, seed: ${proxy.seed}`,
  );
});
