import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { before, test } from 'node:test';

import { startBackend } from './support/backend.mjs';
import { firefox, missing } from './support/firefox.mjs';
import { startProxy } from './support/proxy.mjs';
import { echo, fault, gateway } from './support/server.mjs';
import { serve } from './support/site.mjs';

let backend, front, sessions, site, page;

before(async () => {
  if (missing) {
    return;
  }
  backend = await startBackend();
  [front, sessions, site, page] = await Promise.all([
    gateway({ backend: `${backend.ws}/echo` }),
    echo(),
    serve(resolve('.')),
    firefox(),
  ]);
});

for (const transport of ['websocket', 'long-polling', 'polling']) {
  test(`in Firefox, ${transport} carries a client’s messages, also over a cut`, { skip: missing }, async () => {
    await page.goto(`${site.url}/pages/client/session.html`);
    await page.evaluate((url, options) => begin(url, options), `${sessions.http}/live`, { transports: [transport] });
    assert.deepEqual(await page.evaluate(() => echoed('ahoy')), ['ahoy', transport]);
    await fault(sessions, 'cut');
    assert.deepEqual(await page.evaluate(() => echoed('again')), ['again', transport]);
    if (transport === 'websocket') {
      assert.equal(await page.evaluate(() => resumed()), 'resumed');
    }
    assert.deepEqual(await page.evaluate(() => ended()), [1000, 'done']);
  });
}

test('in Firefox, a drop-in hides a cut', { skip: missing }, async context => {
  const proxy = await startProxy(front);
  context.after(proxy.stop);
  await page.goto(`${site.url}/pages/drop-in/session.html`);
  await page.evaluate((url, protocols) => begin(url, protocols), `${proxy.ws}/echo?id=cut`, ['first']);
  await page.evaluate(() => socket.readyState || new Promise(resolve => (socket.onopen = resolve)).then(() => {}));
  assert.equal(await page.evaluate(() => socket.protocol), 'first');
  assert.deepEqual(await page.evaluate(() => (socket.send('ahoy'), heard(1))), ['ahoy']);
  proxy.down();
  await page.evaluate(() => ['a', 'b', 'c'].forEach(text => socket.send(text)));
  proxy.up();
  assert.deepEqual(await page.evaluate(() => heard(4)), ['ahoy', 'a', 'b', 'c']);
  const end = await page.evaluate(() => (socket.close(3001, 'bye'), ended()));
  assert.deepEqual([end.types, end.close], [['open', 'close'], [3001, 'bye', true]]);
  const { close, messages } = await backend.closed('cut');
  assert.deepEqual([close, messages.length], [{ code: 3001, reason: 'bye' }, 4]);
});
