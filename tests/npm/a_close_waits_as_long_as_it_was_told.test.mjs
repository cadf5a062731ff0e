import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import './support/websocket.mjs';

import { Client } from 'tidewire';

import { echo } from './support/server.mjs';

let server;

before(async () => {
  server = await echo();
});

test('the wait for the wasm and the one for the server are one', async context => {
  const mute = await echo({ args: ['--fault', 'black-hole-upgrades'] });
  context.after(() => mute.stop());
  const closeTimeout = 3_000;
  const client = new Client(`${mute.http}/live`, {
    transports: ['websocket'],
    timings: { closeTimeout },
    wasm: () => delay(closeTimeout - 500),
  });
  client.send('ahoy');
  const began = performance.now();
  client.close();
  assert.equal((await client.closed).unconfirmed.length, 1);
  const waited = performance.now() - began;
  // Beginning again with the wasm, it would be 5.5 s.
  assert.ok(waited > closeTimeout - 10 && waited < closeTimeout + 2_000, `${waited}`);
});

test('a wait that is longer than timers can be is none that ends at once', async () => {
  const client = new Client(`${server.http}/live`, { timings: { closeTimeout: 2 ** 31 } });
  client.send('ahoy');
  client.close();
  assert.deepEqual((await client.closed).unconfirmed, []);
});
