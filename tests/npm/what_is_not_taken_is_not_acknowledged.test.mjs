import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import './support/websocket.mjs';

import { Client, json } from 'tidewire';

import { echo } from './support/server.mjs';
import { next, take, until } from './support/wait.mjs';

const WINDOW = 256;

/** Takes texts as they are, and can decode numbers alone. */
const numbers = { encode: text => text, decode: text => JSON.parse(text) };

/** More than the window of the client and the echo's own outbox hold. */
const COUNT = 2_000;

let server;

before(async () => {
  server = await echo();
});

const options = { limits: { windowMessages: WINDOW, windowBytes: 65_536 }, timings: { ackDelay: 1 } };

async function fillWindow(client) {
  for (let index = 0; index < COUNT; index++) {
    client.send(`${index}`);
  }
  await until(() => client.stats().messagesReceived >= WINDOW);
}

/** A round trip later, what was on its way is there. */
async function roundTrip() {
  const other = new Client(`${server.http}/live`);
  await other.send('round trip').acknowledged;
  other.close();
}

const EXPECTED = Array.from({ length: COUNT }, (_, index) => `${index}`);

test('an iterator slows the server down, and takes each message once', async () => {
  const client = new Client(`${server.http}/live`, options);
  await fillWindow(client);
  assert.deepEqual(await take(client, 1), ['0']);
  await roundTrip();
  // Nothing more has come than what was taken made room for.
  assert.ok(client.stats().messagesReceived <= WINDOW + 1, `${client.stats().messagesReceived}`);
  assert.deepEqual(await take(client, COUNT - 1), EXPECTED.slice(1));
  client.close();
});

test('a readable slows the server down, and ends with the client', async () => {
  const client = new Client(`${server.http}/live`, options);
  const reader = client.readable.getReader();
  await fillWindow(client);
  await roundTrip();
  assert.ok(client.stats().messagesReceived <= WINDOW, `${client.stats().messagesReceived}`);
  const taken = [];
  while (taken.length < COUNT) {
    taken.push((await reader.read()).value);
  }
  assert.deepEqual(taken, EXPECTED);
  client.close();
  assert.deepEqual(await reader.read(), { done: true, value: undefined });
  assert.equal(client.readable, client.readable);
});

test('what cannot be decoded takes its turn, and acknowledges nothing before it', async () => {
  const client = new Client(`${server.http}/live`, { ...options, codec: numbers });
  const told = [];
  client.addEventListener('error', ({ error }) => told.push(error.data));
  client.send('0');
  for (let index = 1; index < COUNT; index++) {
    client.send('no number');
  }
  client.send('1');
  await until(() => client.stats().messagesReceived >= WINDOW);
  await roundTrip();
  assert.ok(client.stats().messagesReceived <= WINDOW, `${client.stats().messagesReceived}`);
  assert.equal(told.length, 0);
  assert.deepEqual(await take(client, 1), [0]);
  assert.equal(told.length, 0);
  assert.deepEqual(await take(client, 1), [1]);
  assert.equal(told.length, COUNT - 1);
  client.close();
});

test('an error listener that lets go of the client loses no message that is still taken', async () => {
  const controller = new AbortController();
  const client = new Client(`${server.http}/live`, { codec: numbers, signal: controller.signal });
  client.addEventListener('error', () => controller.abort());
  ['bad', '1', '2', '3'].forEach(text => client.send(text));
  await until(() => client.stats().messagesReceived === 4);
  const taken = [];
  for await (const number of client) {
    taken.push(number);
  }
  assert.deepEqual(taken, [1, 2, 3]);
});

test('nothing follows the close that an error listener caused', async () => {
  const controller = new AbortController();
  const client = new Client(`${server.http}/live`, { codec: numbers, signal: controller.signal });
  const told = [];
  client.addEventListener('error', () => (told.push('error'), controller.abort()));
  client.addEventListener('close', () => told.push('close'));
  ['bad', '1', 'bad'].forEach(text => client.send(text));
  await until(() => client.stats().messagesReceived === 3);
  client.addEventListener('message', ({ data }) => told.push(data));
  await client.closed;
  assert.deepEqual(told, ['error', 'close']);
});

test('a readable fails as the client does', async () => {
  const client = new Client(`${server.http}/live`);
  client.send('ahoy');
  await until(() => client.stats().messagesReceived === 1);
  const reader = client.readable.getReader();
  await client.writable.abort('no longer');
  // What had come before is still there.
  assert.deepEqual(await reader.read(), { done: false, value: 'ahoy' });
  await assert.rejects(reader.read(), { name: 'ConnectionError', code: 'aborted' });
});

test('cancelling the readable closes the client', async () => {
  const client = new Client(`${server.http}/live`);
  await client.readable.cancel();
  assert.equal((await client.closed).code, 1000);
});

test('listeners acknowledge when they return, and get what came before them', async () => {
  const client = new Client(`${server.http}/live`);
  client.send('early');
  await until(() => client.stats().messagesReceived === 1);
  const heard = [];
  client.addEventListener('message', ({ data }) => heard.push(data));
  client.addEventListener('message', ({ data }) => heard.push(`${data}, again`));
  client.send('late');
  await until(() => heard.length === 4);
  assert.deepEqual(heard, ['early', 'early, again', 'late', 'late, again']);
  client.close();
});

test('a writable waits for room, and closes the client', async () => {
  const client = new Client(`${server.http}/live`, { limits: { outboxMessages: 2 } });
  const echoed = take(client, 50);
  const source = ReadableStream.from(EXPECTED.slice(0, 50));
  await source.pipeTo(client.writable);
  assert.deepEqual(await echoed, EXPECTED.slice(0, 50));
  assert.deepEqual([client.state, (await client.closed).error], ['closed', undefined]);
});

test('a writable that closes with something unconfirmed fails', async () => {
  const client = new Client('http://127.0.0.1:9/live', { timings: { closeTimeout: 50 } });
  const writer = client.writable.getWriter();
  await writer.write('ahoy');
  await assert.rejects(writer.close(), { code: 'unconfirmed', data: 'ahoy' });
});

test('aborting the writable lets go of the client', async () => {
  const client = new Client(`${server.http}/live`);
  await client.writable.abort('no longer');
  const { error } = await client.closed;
  assert.deepEqual([error.code, error.message], ['aborted', 'Aborted: no longer']);
});

test('JSON goes both ways, and what cannot be encoded or decoded is told', async () => {
  const client = new Client(`${server.http}/live`, { codec: json });
  const values = [{ a: [1, null] }, 'text', 5, null, true];
  values.forEach(value => client.send(value));
  assert.deepEqual(await take(client, 5), values);
  assert.throws(() => client.send(undefined), { code: 'encode', message: /JSON has no undefined/ });
  const failure = next(client, 'error');
  const text = 'no JSON';
  await fetch(`${server.http}/broadcast`, { method: 'POST', body: text });
  client.send('after');
  assert.deepEqual(await take(client, 1), ['after']);
  const { error } = await failure;
  assert.deepEqual([error.name, error.code, error.data], ['DecodeError', 'decode', text]);
  assert.ok(error.cause instanceof SyntaxError);
  client.close();
});

test('what cannot be decoded is reported where nobody listens for it', async () => {
  const reported = [];
  globalThis.reportError = error => reported.push(error.code);
  try {
    const client = new Client(`${server.http}/live`, { codec: json });
    await client.send('before').acknowledged;
    await fetch(`${server.http}/broadcast`, { method: 'POST', body: 'no JSON' });
    client.send('after');
    assert.deepEqual(await take(client, 2), ['before', 'after']);
    assert.deepEqual(reported, ['decode']);
    const failure = next(client, 'error');
    await fetch(`${server.http}/broadcast`, { method: 'POST', body: 'no JSON' });
    client.send('last');
    assert.deepEqual(await take(client, 1), ['last']);
    await failure;
    assert.equal(reported.length, 1);
    client.close();
  } finally {
    delete globalThis.reportError;
  }
});

test("a codec of one's own gets texts and buffers", async () => {
  const codec = {
    encode: numbers => Uint8Array.from(numbers),
    decode: data => [...new Uint8Array(data)],
  };
  const client = new Client(`${server.http}/live`, { codec, binaryType: 'uint8array' });
  client.send([1, 2, 3]);
  assert.deepEqual(await take(client, 1), [[1, 2, 3]]);
  client.close();
});
