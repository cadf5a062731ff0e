// The counters travel as a list of numbers, laid out alike in ts/stats.ts and src/connection.rs.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import './support/websocket.mjs';

import { Client } from 'tidewire';

import { echo, fault } from './support/server.mjs';
import { next, take, until } from './support/wait.mjs';

let server;

before(async () => {
  server = await echo();
});

for (const [transport, name] of Object.entries({
  websocket: 'websocket',
  'long-polling': 'longPolling',
  polling: 'polling',
})) {
  test(`the counters of ${transport} count it alone`, async context => {
    const client = new Client(`${server.http}/live`, { transports: [transport] });
    context.after(() => client.close());
    client.send('x'.repeat(10_000));
    await take(client, 1);
    await fetch(`${server.http}/broadcast`, { method: 'POST', body: 'y'.repeat(40_000) });
    await take(client, 1);
    // The first packet may have brought the message with it; the acknowledgement follows.
    await until(() => client.stats()[name].packetsSent > 1);
    const { [name]: own, ...rest } = client.stats();
    for (const other of ['websocket', 'longPolling', 'polling'].filter(key => key !== name)) {
      assert.ok(
        Object.values(rest[other]).every(count => count === 0),
        other,
      );
    }
    assert.deepEqual([own.connections, own.failures], [1, 0]);
    assert.ok(own.bytesSent > 10_000 && own.bytesSent < 20_000, `${own.bytesSent}`);
    assert.ok(own.bytesReceived > 50_000 && own.bytesReceived < 60_000, `${own.bytesReceived}`);
    assert.ok(own.roundTrip > 0 && own.roundTrip < 5_000, `${own.roundTrip}`);
    if (transport === 'websocket') {
      assert.equal(own.requests, 1);
      assert.ok(own.packetsReceived > 1);
    } else {
      assert.ok(own.requests > 1 && own.requests >= own.packetsReceived && own.packetsReceived > 1);
    }
  });
}

test('the counters of a client count its messages, cuts and losses', async context => {
  const own = await echo();
  context.after(() => own.stop());
  const client = new Client(`${own.http}/live`, {
    timings: { backoffBase: 10, backoffCap: 20 },
    transports: ['websocket'],
  });
  context.after(() => client.close());
  const count = () => {
    const { websocket, longPolling, polling, ...counts } = client.stats();
    return counts;
  };
  assert.ok(Object.values(count()).every(value => value === 0));
  for (let index = 0; index < 3; index++) {
    await client.send('three').acknowledged;
  }
  for (let index = 0; index < 2; index++) {
    await fetch(`${own.http}/broadcast`, { method: 'POST', body: 'two' });
  }
  await take(client, 5);
  const resumed = next(client, 'resumed');
  await fault(own, 'cut');
  assert.equal((await resumed).received, 3);
  const expected = {
    messagesSent: 3,
    messagesReceived: 5,
    messagesAcknowledged: 3,
    duplicatesDropped: 0,
    reconnects: 1,
    sessionsLost: 0,
    outboxMessages: 0,
    outboxBytes: 0,
  };
  assert.deepEqual(count(), expected);
  assert.equal(client.stats().websocket.failures, 1);
  await fault(own, 'half-open');
  client.send('x'.repeat(36));
  client.send('x'.repeat(36));
  assert.deepEqual(count(), { ...expected, messagesSent: 5, outboxMessages: 2, outboxBytes: 200 });
  const lost = next(client, 'lost');
  await fault(own, 'forget');
  await fault(own, 'cut');
  await lost;
  assert.equal(count().sessionsLost, 1);
  client.close();
  await client.closed;
  assert.equal(count().messagesSent, 5, 'the counters outlive the client');
});

test('a message that the server gets twice counts once', async context => {
  const client = new Client(`${server.http}/live`, { transports: ['long-polling'] });
  context.after(() => client.close());
  await fault(server, 'duplicate-requests');
  client.send('ahoy');
  assert.deepEqual(await take(client, 1), ['ahoy']);
  await until(() => client.stats().messagesAcknowledged === 1);
  await fault(server, 'clear');
  client.send('next');
  assert.deepEqual(await take(client, 1), ['next']);
  assert.equal(client.stats().messagesReceived, 2);
});
