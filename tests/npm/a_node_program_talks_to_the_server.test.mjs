import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Client, json } from 'tidewire';

import { echo } from './support/server.mjs';

let server;

before(async () => {
  server = await echo();
});

after(() => server.stop());

for (const transport of ['long-polling', 'polling']) {
  test(`a node program talks by ${transport}`, async () => {
    const client = new Client(`${server.http}/live`, { transports: [transport], codec: json });
    const receipt = client.send({ text: 'ahoy' });
    await receipt.acknowledged;
    for await (const message of client) {
      assert.deepEqual(message, { text: 'ahoy' });
      break;
    }
    assert.equal(client.transport, transport);
    client.close(3000, 'done');
    const { code, reason, error } = await client.closed;
    assert.deepEqual([code, reason, error], [3000, 'done', undefined]);
  });
}
