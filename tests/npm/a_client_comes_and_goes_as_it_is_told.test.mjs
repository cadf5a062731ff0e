import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import './support/websocket.mjs';

import { Client } from 'tidewire';

import { echo, fault } from './support/server.mjs';
import { next, take, until } from './support/wait.mjs';

let server, url;

before(async () => {
  server = await echo();
  url = `${server.http}/live`;
});

test('close takes the codes and reasons of the standard, and is told once', async () => {
  const client = new Client(url);
  for (const code of [0, 999, 1001, 2999, 5000]) {
    assert.throws(() => client.close(code), { name: 'InvalidAccessError' });
  }
  assert.throws(() => client.close(1000, 'é'.repeat(62)), { name: 'SyntaxError' });
  await client.send('ahoy').acknowledged;
  client.close(4999, 'done');
  client.close(1000, 'too late');
  assert.equal(client.state, 'closing');
  const event = await next(client, 'close');
  const info = await client.closed;
  assert.deepEqual([event.code, event.reason, event.error, event.unconfirmed], [4999, 'done', undefined, []]);
  assert.deepEqual([info.code, info.reason, client.state, client.transport], [4999, 'done', 'closed', undefined]);
});

test('the events come in the order of what happens', async () => {
  const client = new Client(url, { transports: ['websocket'], timings: { backoffBase: 10, backoffCap: 20 } });
  const told = [];
  const tell = (type, say) => client.addEventListener(type, event => told.push(`${type} ${say(event)}`));
  tell('statechange', event => `${event.previous} ${event.state}`);
  tell('transportchange', event => `${event.previous} ${event.transport}`);
  tell('resumed', event => event.received);
  tell('message', event => event.data);
  tell('lost', event => event.error.code);
  tell('close', event => event.code);
  assert.deepEqual([client.state, client.verdict], ['connecting', undefined]);
  await client.send('ahoy').acknowledged;
  await until(() => told.length === 3);
  assert.equal(client.verdict, 'fresh');
  const resumed = next(client, 'resumed');
  await fault(server, 'cut');
  await resumed;
  assert.equal(client.verdict, 'resumed');
  client.close();
  await client.closed;
  const steady = told.filter(line => !/waiting|connecting/.test(line));
  assert.deepEqual(steady, [
    'transportchange undefined websocket',
    'message ahoy',
    'resumed 1',
    'statechange open closing',
    'statechange closing closed',
    'close 1000',
  ]);
  assert.equal(told[0], 'statechange connecting open');
});

test('a signal lets go of the client at once', async () => {
  const controller = new AbortController();
  const client = new Client(url, { signal: controller.signal });
  await client.send('ahoy').acknowledged;
  const open = client.send('still here');
  controller.abort('enough');
  const { code, error, unconfirmed } = await client.closed;
  assert.deepEqual(
    [code, error.name, error.code, error.message],
    [1006, 'ConnectionError', 'aborted', 'Aborted: enough'],
  );
  assert.deepEqual(unconfirmed, [open]);

  const never = new Client(url, { signal: AbortSignal.abort() });
  const closed = next(never, 'close');
  assert.equal((await closed).error.code, 'aborted');
});

for (const [when, isLate] of Object.entries({ 'as they come': false, 'that waited': true })) {
  test(`a listener that lets go of the client hears nothing more of messages ${when}`, async () => {
    const controller = new AbortController();
    const client = new Client(url, { signal: controller.signal });
    const told = [];
    for (const type of ['statechange', 'error', 'lost', 'retry', 'close']) {
      client.addEventListener(type, () => told.push(type));
    }
    const listen = () =>
      client.addEventListener('message', ({ data }) => {
        told.push(data);
        controller.abort();
      });
    await until(() => client.state === 'open');
    if (!isLate) {
      listen();
    }
    for (let index = 0; index < 100; index++) {
      client.send(`${index}`);
    }
    if (isLate) {
      await until(() => client.stats().messagesReceived === 100);
      listen();
    }
    const { unconfirmed } = await client.closed;
    const other = new Client(url);
    await other.send('round trip').acknowledged;
    other.close();
    assert.deepEqual(told, ['statechange', '0', 'statechange', 'close']);
    assert.ok(unconfirmed.length <= 100);
  });
}

test('what a client and a receipt say of themselves cannot be set', async () => {
  const client = new Client(url);
  const receipt = client.send('ahoy');
  for (const name of ['state', 'transport', 'verdict']) {
    assert.throws(() => (client[name] = 'open'), TypeError, name);
  }
  for (const name of ['fate', 'error']) {
    assert.throws(() => (receipt[name] = 'failed'), TypeError, name);
  }
  client.close();
  await client.closed;
});

test('`using` and `await using` close the client', async () => {
  const client = new Client(url);
  client[Symbol.dispose]();
  assert.equal((await client.closed).code, 1000);
  const other = new Client(url);
  await other.send('ahoy').acknowledged;
  await other[Symbol.asyncDispose]();
  assert.equal(other.state, 'closed');
});

test('a function gives URL and token before each attempt', async () => {
  const attempts = [];
  const client = new Client(
    async attempt => {
      attempts.push(attempt);
      return attempts.length === 1 ? Promise.reject(new Error('not signed in')) : { url, token: 'secret' };
    },
    { timings: { backoffBase: 10, backoffCap: 20 } },
  );
  const { error } = await next(client, 'retry');
  assert.deepEqual([error.code, error.retryable], ['provider', true]);
  assert.match(error.message, /No URL or token: Error: not signed in/);
  client.send('ahoy');
  assert.deepEqual(await take(client, 1), ['ahoy']);
  assert.deepEqual(attempts[0], { reauthenticate: false });
  client.close();
});

test('a function for the token alone keeps the URL', async () => {
  const client = new Client(url, { token: () => new Uint8Array([1, 2, 3]) });
  client.send('ahoy');
  assert.deepEqual(await take(client, 1), ['ahoy']);
  client.close();
});

test('iteration ends with the client, after what had come', async () => {
  const client = new Client(url);
  client.send('ahoy');
  await until(() => client.stats().messagesReceived === 1);
  const waiting = (async () => {
    const taken = [];
    for await (const message of client) {
      taken.push(message);
      client.close();
    }
    return taken;
  })();
  assert.deepEqual(await waiting, ['ahoy']);
});
