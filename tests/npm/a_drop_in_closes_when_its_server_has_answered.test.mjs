import './support/websocket.mjs';

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { TidewireSocket } from 'tidewire';

import { startBackend } from './support/backend.mjs';
import { startProxy } from './support/proxy.mjs';
import { gateway } from './support/server.mjs';
import { next, until } from './support/wait.mjs';

/** Comes back soon, since these tests cut. */
const BRISK = { timings: { backoffBase: 20, backoffCap: 100 } };

let backend, front;

before(async () => {
  backend = await startBackend();
  front = await gateway({ backend: `${backend.ws}/echo`, args: ['--metrics', '127.0.0.1:0'] });
});

/** An open socket, whose end is noted. */
async function open(ws, id, { order, ...options } = {}) {
  const Socket = TidewireSocket.with({ ...BRISK, ...options });
  const socket = new Socket(`${ws}/echo?id=${id}${order ? `&do=${order}` : ''}`);
  const types = [];
  socket.addEventListener('error', () => types.push('error'));
  const end = next(socket, 'close').then(({ code, reason, wasClean }) => [...types, code, reason, wasClean]);
  await next(socket, 'open');
  return { socket, end };
}

for (const transport of ['websocket', 'long-polling', 'polling']) {
  test(`over ${transport} the page hears the answer, and no session stays behind`, async () => {
    for (const [order, end] of [
      ['!answer 4321 other', [4321, 'other', true]],
      ['!answer terminate', ['error', 1006, '', false]],
    ]) {
      const page = await open(front.ws, transport, { order, transports: [transport] });
      page.socket.send('heard');
      page.socket.close(3000, 'over');
      assert.deepEqual(await page.end, end);
      const { messages, close } = await backend.closed(transport);
      assert.deepEqual([messages, close], [[{ text: 'heard' }], { code: 3000, reason: 'over' }]);
    }
    const server = await open(front.ws, transport, { transports: [transport] });
    server.socket.send('!close 4001 bye');
    assert.deepEqual(await server.end, [4001, 'bye', true]);
    await until(async () => (await front.metric('sessions')) === 0);
  });
}

for (const [how, second] of [
  ['', 'b'],
  [', while a Blob is read', new Blob(['b'])],
]) {
  test(`a close goes behind all that was sent, also where that fills the outbox${how}`, async context => {
    const proxy = await startProxy(front);
    context.after(proxy.stop);
    const { socket, end } = await open(proxy.ws, 'full', { limits: { outboxMessages: 4 } });
    proxy.down();
    for (const message of ['a', second, 'c', 'd']) {
      socket.send(message);
    }
    socket.close(3001, 'gone');
    proxy.up();
    assert.deepEqual(await end, [3001, 'gone', true]);
    const { messages, close } = await backend.closed('full');
    const b = second === 'b' ? { text: 'b' } : { binary: '62' };
    assert.deepEqual(messages, [{ text: 'a' }, b, { text: 'c' }, { text: 'd' }]);
    assert.deepEqual(close, { code: 3001, reason: 'gone' });
  });
}

test('a gateway that goes before it could tell the answer is an error and 1006 after awayTimeout', async () => {
  const mortal = await gateway({ backend: `${backend.ws}/echo` });
  const { socket, end } = await open(mortal.ws, 'mortal', { order: '!answer later', awayTimeout: 300 });
  socket.close(3000);
  await backend.seen('mortal', 'asked');
  await mortal.stop('SIGKILL');
  assert.deepEqual(await end, ['error', 1006, '', false]);
});

test('an answer while the page is away is told when it is back', async context => {
  const proxy = await startProxy(front);
  context.after(proxy.stop);
  const { socket, end } = await open(proxy.ws, 'away', { order: '!answer later' });
  socket.close(3000, 'over');
  const { asked } = await backend.seen('away', 'asked');
  proxy.down();
  asked();
  await backend.closed('away');
  assert.equal(socket.readyState, 2);
  proxy.up();
  assert.deepEqual(await end, [3000, 'over', true]);
});
