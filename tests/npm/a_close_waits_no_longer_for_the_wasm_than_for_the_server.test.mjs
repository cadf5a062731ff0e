import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Client } from 'tidewire';

/** How long `close` waits where nothing else is said. */
const DEFAULT = 5_000;

test('a client that closes while the wasm cannot be had ends in time', async () => {
  const client = new Client('http://127.0.0.1:9/live', { wasm: new Promise(() => {}), timings: { closeTimeout: 20 } });
  const receipt = client.send('ahoy');
  const began = performance.now();
  client.close(3000, 'tired');
  const { code, unconfirmed } = await client.closed;
  assert.deepEqual([code, unconfirmed], [3000, [receipt]]);
  assert.ok(performance.now() - began < DEFAULT, 'as long as it was told to');
});
