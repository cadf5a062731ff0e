import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { before, test } from 'node:test';

import { startBackend } from './support/backend.mjs';
import { startProxy } from './support/proxy.mjs';
import { gateway } from './support/server.mjs';
import { browse, open, serve } from './support/site.mjs';
import { until } from './support/wait.mjs';

const CUTS = 60;

let backend, front, site, browser;

before(async () => {
  backend = await startBackend();
  [front, site, browser] = await Promise.all([
    gateway({ backend: `${backend.ws}/echo` }),
    serve(resolve('.')),
    browse(),
  ]);
});

/** A page with a socket whose way to the gateway is a proxy; both go with the test. */
async function begin(context, id, { proxy: kind, protocols, options, server = front } = {}) {
  const proxy = await startProxy(server, kind);
  const { page } = await open(browser, `${site.url}/pages/drop-in/session.html`);
  context.after(() => page.context().close().then(proxy.stop));
  await page.evaluate(given => begin(...given), [`${proxy.ws}/echo?id=${id}`, protocols, options]);
  return { page, proxy };
}

/** Once the socket is open, says something and hears it. */
async function echoes(page) {
  await isOpen(page);
  assert.deepEqual(await page.evaluate(() => (socket.send('ahoy'), heard(1))), ['ahoy']);
}

async function isOpen(page) {
  await page.evaluate(() => socket.readyState || new Promise(resolve => (socket.onopen = resolve)));
}

test('messages pass each once and in order both ways while the network is cut', async context => {
  const connections = backend.connections;
  const { page, proxy } = await begin(context, 'cuts');
  await isOpen(page);
  proxy.cutting = true;
  const talk = page.evaluate(() => talk());
  await until(() => proxy.cuts >= CUTS);
  proxy.cutting = false;
  await page.evaluate(() => void (talking = false));
  const sent = await talk;
  await page.evaluate(count => heard(count), sent);

  const numbers = Array.from({ length: sent }, (_, number) => number);
  assert.deepEqual(await page.evaluate(() => numbers()), numbers);
  assert.deepEqual(await page.evaluate(() => [seen.types, socket.readyState]), [['open'], 1]);
  await page.evaluate(() => socket.close(3000, 'x'));
  const { messages, close } = await backend.closed('cuts');
  const arrived = messages.map(({ text, binary }) => parseInt(text ?? Buffer.from(binary, 'hex')));
  assert.deepEqual(arrived, numbers);
  assert.deepEqual(close, { code: 3000, reason: 'x' });
  assert.deepEqual((await page.evaluate(() => ended())).close, [3000, 'x', true]);
  assert.equal(backend.connections - connections, 1);
  console.log(
    `cuts: ${proxy.cuts}, messages each way: ${sent}, connections at the backend: 1, ` +
      `closes and errors seen by the page: 0, seed: ${proxy.seed}`,
  );
});

for (const upgrade of ['refuse', 'strip', 'swallow']) {
  test(`where a proxy ${upgrade}s Upgrade, HTTP carries the session and the sub-protocol`, async context => {
    const { page, proxy } = await begin(context, upgrade, { proxy: { upgrade }, protocols: ['first', 'second'] });
    await isOpen(page);
    assert.equal(await page.evaluate(() => socket.protocol), 'first');
    await echoes(page);
    assert.ok(proxy.refusals > 0);
    assert.deepEqual(await page.evaluate(() => seen.types), ['open']);
  });
}

test('what is sent while away waits, and arrives', async context => {
  const { page, proxy } = await begin(context, 'away');
  await echoes(page);
  proxy.down();
  await page.evaluate(() => ['a', 'b', 'c'].forEach(text => socket.send(text)));
  proxy.up();
  assert.deepEqual(await page.evaluate(() => heard(4)), ['ahoy', 'a', 'b', 'c']);
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve)));
  assert.deepEqual(await page.evaluate(() => [socket.bufferedAmount, seen.types]), [0, ['open']]);
});

test('away for longer than awayTimeout is an error and 1006', async context => {
  const { page, proxy } = await begin(context, 'too-long', { options: { awayTimeout: 400 } });
  await echoes(page);
  proxy.down();
  const { types, close, error } = await page.evaluate(() => ended());
  assert.deepEqual([types, close, error], [['open', 'error', 'close'], [1006, '', false], 'timeout']);
});

test('a gateway that was killed and came back is an error and 1006, once', async context => {
  const first = await gateway({ backend: `${backend.ws}/echo` });
  const { page } = await begin(context, 'killed', { server: first });
  await echoes(page);
  await first.stop('SIGKILL');
  const second = await gateway({ backend: `${backend.ws}/echo`, listen: new URL(first.http).host });
  context.after(() => second.stop('SIGKILL'));
  const { types, close } = await page.evaluate(() => ended());
  assert.deepEqual([types, close], [['open', 'error', 'close'], [1006, '', false]]);
});

test('a close by the server while the page is away is told when it is back', async context => {
  const { page, proxy } = await begin(context, 'closed-away');
  await echoes(page);
  proxy.down();
  backend.close('closed-away', 4001, 'bye');
  await backend.closed('closed-away');
  proxy.up();
  const { types, close } = await page.evaluate(() => ended());
  assert.deepEqual([types, close], [['open', 'close'], [4001, 'bye', true]]);
});

test('a close by the page while it is away reaches the server when it is back', async context => {
  const { page, proxy } = await begin(context, 'closing-away');
  await echoes(page);
  proxy.down();
  await page.evaluate(() => (socket.send('last'), socket.close(3001, 'gone')));
  proxy.up();
  const { types, close } = await page.evaluate(() => ended());
  const record = await backend.closed('closing-away');
  assert.deepEqual([types, close], [['open', 'close'], [3001, 'gone', true]]);
  assert.deepEqual([record.messages.at(-1), record.close], [{ text: 'last' }, { code: 3001, reason: 'gone' }]);
});

test('a page that closes before the socket is open leaves no connection at the server', async context => {
  const { page } = await begin(context, 'early');
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve)).then(() => socket.close()));
  const { types, close } = await page.evaluate(() => ended());
  assert.deepEqual([types, close], [['error', 'close'], [1006, '', false]]);
  await begin(context, 'later').then(({ page }) => echoes(page));
  await until(() => !backend.isThere('early'));
});

test('a page that is left closes with 1001', async context => {
  const { page } = await begin(context, 'left');
  await echoes(page);
  await page.goto('about:blank');
  const { code, reason } = (await backend.closed('left')).close;
  assert.deepEqual([code, reason], [1001, '']);
});

for (const upgrade of ['pass', 'refuse']) {
  test(`a page that closes when it is left closes as it says, where a proxy would ${upgrade} Upgrade`, async context => {
    const { page } = await begin(context, `leaving-${upgrade}`, { proxy: { upgrade } });
    await echoes(page);
    await page.evaluate(() => {
      addEventListener('beforeunload', () => (socket.send('last'), socket.close(3000, 'left')));
    });
    await page.goto('about:blank');
    const { messages, close } = await backend.closed(`leaving-${upgrade}`);
    assert.deepEqual([messages.at(-1), close], [{ text: 'last' }, { code: 3000, reason: 'left' }]);
  });
}
