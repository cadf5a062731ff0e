// The settings travel as a list of numbers, laid out alike in ts/settings.ts and src/settings.rs. Here each is found at its
// own place: by the name under which the wasm refuses it or by what it does, and the last one by elimination.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import './support/websocket.mjs';

import { Client, ConfigurationError } from 'tidewire';

import { echo, fault } from './support/server.mjs';
import { until } from './support/wait.mjs';

let server;

before(async () => {
  server = await echo();
});

/** A value that the wasm refuses, for each setting that has one. */
const REFUSED = {
  timings: {
    handshakeTimeout: 0,
    prepareTimeout: 0,
    requestTimeout: 0,
    hold: 0,
    pollingFloor: 0,
    pollingCeiling: 499,
    silence: 0,
    probeTimeout: 0,
    backoffBase: 0,
    backoffCap: 499,
    promotionBase: 0,
  },
  limits: { maxMessage: 0, windowBytes: 65_535, windowMessages: 255, outboxBytes: 64, outboxMessages: 0 },
};

for (const [group, values] of Object.entries(REFUSED)) {
  for (const [name, value] of Object.entries(values)) {
    test(`${group}.${name} is refused by its name where it makes no sense`, async () => {
      const client = new Client(`${server.http}/live`, { [group]: { [name]: value } });
      const { error } = await client.closed;
      assert.ok(error instanceof ConfigurationError);
      assert.equal(error.code, 'option');
      assert.ok(error.message.includes(`\`${name}\` is zero, too small, or above`), error.message);
    });
  }
}

test('times of a plain WebSocket that leave the page no pause are refused by name', async () => {
  for (const [name, bare] of Object.entries({
    heartbeat: { heartbeat: { message: 'beat', interval: 0 } },
    idleTimeout: { idleTimeout: 0 },
  })) {
    const { error } = await new Client(`${server.http}/echo`, { bare }).closed;
    assert.ok(error instanceof ConfigurationError);
    assert.ok(error.message.includes(`\`${name}\` is zero, too small, or above`), error.message);
  }
});

test('stagger is the head start of the WebSocket', async context => {
  const mute = await echo({ args: ['--fault', 'black-hole-upgrades'] });
  context.after(() => mute.stop());
  const [early, late] = [0, 600_000].map(stagger => new Client(`${mute.http}/live`, { timings: { stagger } }));
  await until(() => early.state === 'open');
  assert.equal(early.transport, 'long-polling');
  assert.deepEqual([late.state, late.stats().longPolling.requests], ['connecting', 0]);
  early.close();
  late.close();
});

test('ackDelay is how long an acknowledgement waits', async () => {
  const [soon, late] = [0, 600_000].map(
    ackDelay => new Client(`${server.http}/live`, { transports: ['websocket'], timings: { ackDelay } }),
  );
  for (const client of [soon, late]) {
    client.addEventListener('message', () => {});
    await until(() => client.state === 'open');
  }
  const before = [soon, late].map(client => client.stats().websocket.packetsSent);
  await fetch(`${server.http}/broadcast`, { method: 'POST', body: 'to everybody' });
  await until(() => soon.stats().websocket.packetsSent > before[0]);
  await until(() => late.stats().messagesReceived === 1);
  assert.equal(late.stats().websocket.packetsSent, before[1]);
  soon.close();
  late.close();
});

test('closeTimeout is how long a close waits for what was sent', async context => {
  const frozen = await echo();
  context.after(() => frozen.stop());
  const [quick, patient] = [20, 600_000].map(
    closeTimeout => new Client(`${frozen.http}/live`, { timings: { closeTimeout } }),
  );
  await Promise.all([quick, patient].map(client => until(() => client.state === 'open')));
  await fault(frozen, 'half-open');
  for (const client of [quick, patient]) {
    client.send('on its way');
    client.close();
  }
  assert.equal((await quick.closed).unconfirmed.length, 1);
  assert.equal(patient.state, 'closing');
  await fault(frozen, 'clear');
  await patient.closed;
});

test('options that do not exist or are no numbers are refused at once, by name', () => {
  const refuse = (options, message) =>
    assert.throws(() => new Client(`${server.http}/live`, options), {
      name: 'ConfigurationError',
      code: 'option',
      message,
    });
  refuse({ timings: { holdd: 1 } }, /There is no option `timings\.holdd`/);
  refuse({ limits: { hold: 1 } }, /There is no option `limits\.hold`/);
  for (const value of [-1, NaN, Infinity, '5x']) {
    refuse({ timings: { hold: value } }, /`timings\.hold` must be a number from 0 on/);
  }
  refuse({ bare: { idleTimeout: -1 } }, /`bare\.idleTimeout`/);
  refuse(
    { transports: ['carrier-pigeon'] },
    /`transports` may be websocket, long-polling, polling; it is "carrier-pigeon"/,
  );
  refuse({ overflow: 'explode' }, /`overflow` may be/);
  refuse({ credentials: 'some' }, /`credentials` may be/);
  for (const protocols of ['two words', ['twice', 'twice'], ['']]) {
    refuse({ protocols }, /`protocols` must be tokens of RFC 9110, each there once/);
  }
  refuse({ token: 5 }, /`token` is neither a string nor a Uint8Array/);
});

test('URLs that cannot be used are refused with what to do', async () => {
  assert.throws(() => new Client('http://['), { code: 'url', message: /is not a URL/ });
  for (const [url, message] of Object.entries({
    'http://user:word@127.0.0.1/live': /give a token instead/,
    'http://127.0.0.1/live#there': /remove it/,
    'ftp://127.0.0.1/live': /none of `http`, `https`, `ws`, `wss`/,
  })) {
    const { error } = await new Client(url).closed;
    assert.deepEqual([error.name, error.code], ['ConfigurationError', 'url']);
    assert.match(error.message, message);
  }
  const { error } = await new Client(`${server.http}/live`, { transports: [] }).closed;
  assert.match(error.message, /`transports` leaves none/);
});
