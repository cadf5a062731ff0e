import './support/websocket.mjs';

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigurationError, TidewireSocket } from 'tidewire';

import { control, startScripted } from './support/scripted.mjs';
import { next } from './support/wait.mjs';

const WELCOMED_ONLY = 0;
const OPENED = 1;
const TRANSPORTS = { transports: ['websocket'] };

/** `openTimeout` where nothing else is said. */
const DEFAULT = 20_000;

/** The error and the close with which a socket ends. */
async function end(socket) {
  const [{ error }, { code, wasClean }] = await Promise.all([next(socket, 'error'), next(socket, 'close')]);
  return [error.code, code, wasClean];
}

async function start() {
  const server = await startScripted([[], [control(1)]]);
  return { ...server, at: number => `${server.ws}/${number}` };
}

test('without a server it fails after openTimeout, whatever awayTimeout is', async () => {
  const server = await start();
  server.stop();
  const Socket = TidewireSocket.with({ ...TRANSPORTS, openTimeout: 300, awayTimeout: 1e9 });
  const began = performance.now();
  assert.deepEqual(await end(new Socket(server.at(OPENED))), ['timeout', 1006, false]);
  const waited = performance.now() - began;
  // A timer may fire a millisecond early.
  assert.ok(waited >= 299 && waited < DEFAULT, `${waited}`);
});

test('a connection that is never accepted is none', async () => {
  const server = await start();
  const Socket = TidewireSocket.with({ ...TRANSPORTS, openTimeout: 300, awayTimeout: 1e9 });
  const began = performance.now();
  assert.deepEqual(await end(new Socket(server.at(WELCOMED_ONLY))), ['timeout', 1006, false]);
  assert.ok(performance.now() - began < DEFAULT);
});

test('once it was open, awayTimeout alone counts', async () => {
  const server = await start();
  const Patient = TidewireSocket.with({ ...TRANSPORTS, openTimeout: 3_000, awayTimeout: 8_000 });
  const Hasty = TidewireSocket.with({ ...TRANSPORTS, openTimeout: 3_000 });
  const patient = new Patient(server.at(OPENED));
  await next(patient, 'open');
  server.stop();
  // This one has the time of the other's openTimeout, and is made later.
  assert.deepEqual(await end(new Hasty(server.at(OPENED))), ['timeout', 1006, false]);
  assert.equal(patient.readyState, 1);
  assert.deepEqual(await end(patient), ['timeout', 1006, false]);
});

test('a time that is none is told when the class is made', () => {
  for (const openTimeout of [-1, NaN, Infinity, '1 s']) {
    assert.throws(
      () => TidewireSocket.with({ openTimeout }),
      error => error instanceof ConfigurationError && /`openTimeout`/.test(error.message),
    );
  }
});
