import assert from 'node:assert/strict';
import { test } from 'node:test';

import './support/websocket.mjs';

import { Client } from 'tidewire';

import { echo, fault } from './support/server.mjs';
import { take } from './support/wait.mjs';

const COUNT = 300;

/** Sent in one turn, and awaited. */
const CHUNK = 20;

/** What each transport has to bear. */
const FAULTS = {
  websocket: { 'cut-messages': { every: 40 } },
  'long-polling': { 'drop-responses': { every: 3 }, 'duplicate-requests': { every: 4 } },
  polling: { 'drop-responses': { every: 3 }, 'duplicate-requests': { every: 4 } },
};

for (const [transport, faults] of Object.entries(FAULTS)) {
  test(`messages come once and in order by ${transport} through ${Object.keys(faults).join(' and ')}`, async context => {
    const server = await echo();
    context.after(() => server.stop());
    for (const [name, settings] of Object.entries(faults)) {
      await fault(server, name, settings);
    }
    const client = new Client(`${server.http}/live`, {
      transports: [transport],
      timings: { backoffBase: 10, backoffCap: 20, pollingFloor: 10, pollingCeiling: 20 },
    });
    const receipts = [];
    while (receipts.length < COUNT) {
      const chunk = Array.from({ length: CHUNK }, (_, index) => client.send(`${receipts.length + index}`));
      assert.deepEqual(
        await take(client, CHUNK),
        chunk.map(({ data }) => data),
      );
      receipts.push(...chunk);
    }
    await Promise.all(receipts.map(receipt => receipt.acknowledged));
    const { websocket, longPolling, polling, messagesAcknowledged, sessionsLost } = client.stats();
    assert.ok(websocket.failures + longPolling.failures + polling.failures > 0, 'the faults were felt');
    assert.deepEqual([messagesAcknowledged, sessionsLost], [COUNT, 0]);
    client.close();
    assert.equal((await client.closed).error, undefined);
  });
}

test('texts, buffers, views and Blobs keep their order and their bytes', async context => {
  const server = await echo();
  context.after(() => server.stop());
  const client = new Client(`${server.http}/live`);
  const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5);
  const sendAll = () => {
    client.send(new Blob([bytes]));
    client.send('text \u{1f30a} \ud800');
    client.send(bytes.buffer);
    client.send(bytes.subarray(2, 4));
    client.send(new DataView(bytes.buffer, 5));
    client.send('');
  };
  const expected = [[0, 1, 2, 3, 4, 5], 'text \u{1f30a} \ufffd', [0, 1, 2, 3, 4, 5], [2, 3], [5], ''];
  const asArrays = messages => messages.map(data => (typeof data === 'string' ? data : [...new Uint8Array(data)]));
  sendAll(); // The wasm is not there yet.
  assert.deepEqual(asArrays(await take(client, 6)), expected);
  sendAll(); // Now it is.
  assert.deepEqual(asArrays(await take(client, 6)), expected);
  bytes.fill(1);
  client.send(bytes);
  bytes.fill(2);
  assert.deepEqual(asArrays(await take(client, 1)), [[1, 1, 1, 1, 1, 1]]);
  client.close();
});

test('a view that is sent before the wasm is there may be written to at once', async context => {
  const server = await echo();
  context.after(() => server.stop());
  const client = new Client(`${server.http}/live`, { binaryType: 'uint8array' });
  const bytes = Uint8Array.of(1, 2, 3);
  client.send(bytes);
  bytes.fill(0);
  assert.deepEqual(await take(client, 1), [Uint8Array.of(1, 2, 3)]);
  client.close();
});
