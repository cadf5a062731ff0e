import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import './support/websocket.mjs';

import { Client, MessageError, Receipt } from 'tidewire';

import { echo, fault } from './support/server.mjs';
import { next, take, until } from './support/wait.mjs';

/** Nobody answers there: port 9 of this machine discards. */
const NOWHERE = 'http://127.0.0.1:9/live';

let server;

before(async () => {
  server = await echo();
});

test('a receipt is acknowledged when the server has the message', async () => {
  const client = new Client(`${server.http}/live`);
  const receipt = client.send('ahoy');
  assert.ok(receipt instanceof Receipt);
  assert.deepEqual([receipt.fate, receipt.data, receipt.error], ['queued', 'ahoy', undefined]);
  await receipt.acknowledged;
  assert.equal(receipt.fate, 'acknowledged');
  await receipt.acknowledged;
  client.close();
});

test('a client that closes without the server hands back what is unconfirmed', async () => {
  const client = new Client(NOWHERE, { timings: { closeTimeout: 50 } });
  const data = { toString: () => 'never asked for' };
  const encoded = new Client(NOWHERE, {
    timings: { closeTimeout: 50 },
    codec: { encode: String, decode: text => text },
  });
  const receipts = [client.send('ahoy'), encoded.send(data)];
  for (const [index, one] of [client, encoded].entries()) {
    one.close(3001, 'enough');
    const { code, reason, unconfirmed } = await one.closed;
    assert.deepEqual([code, reason], [3001, 'enough']);
    assert.deepEqual(unconfirmed, [receipts[index]]);
    assert.equal(receipts[index].fate, 'failed');
    await assert.rejects(receipts[index].acknowledged, { code: 'unconfirmed', retryable: false });
  }
  assert.equal(receipts[1].error.data, data);
});

test('a server that forgot the session makes messages that were on their way unconfirmed', async context => {
  const forgetful = await echo();
  context.after(() => forgetful.stop());
  const client = new Client(`${forgetful.http}/live`, { timings: { backoffBase: 10, backoffCap: 20 } });
  await client.send('before').acknowledged;
  await take(client, 1);
  const lost = next(client, 'lost');
  await fault(forgetful, 'half-open');
  const receipt = client.send('on its way');
  await until(() => receipt.fate === 'sent');
  await fault(forgetful, 'forget');
  await fault(forgetful, 'cut');
  const { error, unconfirmed } = await lost;
  assert.equal(error.name, 'ConnectionError');
  assert.deepEqual(unconfirmed, [receipt]);
  await assert.rejects(receipt.acknowledged, { code: 'unconfirmed', transmitted: true, data: 'on its way' });
  // The next session begins by itself.
  await client.send('after').acknowledged;
  assert.deepEqual(await take(client, 1), ['after']);
  assert.deepEqual([client.verdict, client.stats().sessionsLost], ['fresh', 1]);
  client.close();
  assert.deepEqual((await client.closed).unconfirmed, []);
});

test('a full outbox refuses, says when there is room, and keeps the order', async () => {
  for (const isLoaded of [false, true]) {
    const client = new Client(`${server.http}/live`, { limits: { outboxMessages: 3 } });
    if (isLoaded) {
      await client.send('first').acknowledged;
      await take(client, 1);
    }
    const sent = ['1', '2', '3'].map(text => client.send(text));
    assert.throws(
      () => client.send('4'),
      error => {
        assert.ok(error instanceof MessageError);
        assert.deepEqual([error.code, error.data, error.retryable], ['full', '4', true]);
        return true;
      },
    );
    await client.ready;
    sent.push(client.send('4'));
    assert.deepEqual(await take(client, 4), ['1', '2', '3', '4']);
    await Promise.all(sent.map(receipt => receipt.acknowledged));
    client.close();
  }
});

test('many messages that wait for the wasm keep their order, and are handed back in it', async () => {
  const limits = { outboxMessages: 1e5 };
  const texts = Array.from({ length: 3e4 }, (_, index) => `${index}`);
  const client = new Client(`${server.http}/live`, { limits });
  texts.forEach(text => client.send(text));
  assert.deepEqual(await take(client, texts.length), texts);
  client.close();

  const lost = new Client(NOWHERE, { limits, timings: { closeTimeout: 1 } });
  texts.forEach(text => lost.send(text));
  lost.close();
  const { unconfirmed } = await lost.closed;
  assert.deepEqual(
    unconfirmed.map(({ data }) => data),
    texts,
  );
});

test('a bound in bytes counts 64 for each message', async () => {
  const client = new Client(NOWHERE, { limits: { outboxBytes: 200 } });
  client.send('x'.repeat(36));
  client.send('x'.repeat(36));
  assert.throws(() => client.send(''), { code: 'full' });
  client.close();
});

for (const [overflow, kept] of Object.entries({ 'drop-oldest': ['3', '4'], 'drop-newest': ['1', '2'] })) {
  for (const isLoaded of [false, true]) {
    test(`${overflow} ${isLoaded ? 'in the outbox' : 'before the wasm is there'} tells the receipts it dropped`, async () => {
      const options = { overflow, limits: { outboxMessages: 2 }, timings: { closeTimeout: 50 } };
      const client = new Client(NOWHERE, options);
      if (isLoaded) {
        await next(client, 'retry');
      }
      const receipts = ['1', '2', '3', '4'].map(text => client.send(text));
      const dropped = receipts.filter(({ data }) => !kept.includes(data));
      for (const receipt of dropped) {
        await assert.rejects(receipt.acknowledged, { code: 'dropped', data: receipt.data, transmitted: false });
      }
      client.close();
      assert.deepEqual(
        (await client.closed).unconfirmed.map(({ data }) => data),
        kept,
      );
    });
  }
}

test('a message that is too long, or cannot be sent at all, is refused with the reason', async () => {
  const client = new Client(`${server.http}/live`);
  await client.send('ahoy').acknowledged;
  const long = 'x'.repeat(1024 * 1024 + 1);
  assert.throws(() => client.send(long), {
    name: 'MessageError',
    code: 'too-large',
    data: long,
    message: /1048576 bytes/,
  });
  for (const data of [5, null, undefined, { text: 'ahoy' }]) {
    assert.throws(() => client.send(data), { code: 'encode', data, message: /or give a `codec`/ });
  }
  client.close();
  assert.throws(() => client.send('late'), { code: 'closed', data: 'late', retryable: false });
  await client.closed;
  assert.throws(() => client.send('later'), { code: 'closed' });
});

test('a Blob that cannot be read fails alone', async () => {
  const client = new Client(`${server.http}/live`);
  const broken = new Blob(['x']);
  broken.arrayBuffer = () => Promise.reject(new Error('the file is gone'));
  const [bad, good] = [client.send(broken), client.send('good')];
  await assert.rejects(bad.acknowledged, { code: 'encode', data: broken, message: /the file is gone/ });
  await good.acknowledged;
  assert.deepEqual(await take(client, 1), ['good']);
  client.close();
});

test('a rejection that nobody asked for is none', async () => {
  const client = new Client(NOWHERE, { timings: { closeTimeout: 1 } });
  const receipt = client.send('ahoy');
  client.close();
  await client.closed;
  assert.equal(receipt.error.code, 'unconfirmed');
});
