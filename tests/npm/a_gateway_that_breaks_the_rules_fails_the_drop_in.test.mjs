import './support/websocket.mjs';

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { TidewireSocket } from 'tidewire';

import { control, startScripted } from './support/scripted.mjs';
import { next } from './support/wait.mjs';

const OPENED = control(1);
const CLOSED = control(2, Buffer.from([1, 4001 >> 8, 4001 & 0xff, 0x62, 0x79, 0x65]));

/** What the gateway says, and which events the socket has before it fails. */
const BREACHES = [
  { name: 'a text before it said that the server accepted', says: ['early'], events: [] },
  { name: 'bytes before that', says: [Buffer.from('early')], events: [] },
  { name: 'a literal before that', says: [control(0, 'early')], events: [] },
  { name: 'a text first and that later', says: ['early', OPENED], events: [] },
  { name: 'that twice', says: [OPENED, OPENED], events: ['open'] },
  { name: 'that again behind a message', says: [OPENED, 'one', OPENED, 'two'], events: ['open', 'message'] },
  { name: 'a control message of no kind', says: [OPENED, control(3)], events: ['open'] },
  { name: 'a control message that is no more than the mark', says: [OPENED, control(1).subarray(0, 9)], events: ['open'] },
  { name: 'a close without a code', says: [OPENED, control(2, Buffer.from([1]))], events: ['open'] },
  { name: 'a close that is neither clean nor not', says: [OPENED, control(2, Buffer.from([2, 3, 232]))], events: ['open'] },
];
// What comes behind the last message is not heard.
const RULES_KEPT = [OPENED, 'one', control(0, OPENED), CLOSED, 'late', OPENED];

const Socket = TidewireSocket.with({ transports: ['websocket'] });
let server;

before(async () => {
  server = await startScripted([...BREACHES.map(({ says }) => says), RULES_KEPT]);
});

/** The life of a socket, as its events tell it. */
async function live(number) {
  const socket = new Socket(`${server.ws}/${number}`);
  const events = [];
  const messages = [];
  let failure;
  socket.binaryType = 'arraybuffer';
  for (const type of ['open', 'message', 'error', 'close']) {
    socket.addEventListener(type, () => events.push(type));
  }
  socket.addEventListener('message', ({ data }) => messages.push(typeof data === 'string' ? data : Buffer.from(data)));
  socket.addEventListener('error', ({ error }) => (failure = error.code));
  const { code, reason, wasClean } = await next(socket, 'close');
  return { events, messages, failure, close: [code, reason, wasClean] };
}

for (const [number, { name, events }] of BREACHES.entries()) {
  test(`${name} is a fault of the gateway: 4400 there, 1006 here`, async () => {
    const seen = await live(number);
    assert.deepEqual(seen.events, [...events, 'error', 'close']);
    assert.deepEqual([seen.failure, seen.close], ['protocol', [1006, '', false]]);
    assert.equal(await server.closed(number), 4400);
  });
}

test('a gateway that keeps them has its say', async () => {
  const { events, messages, close } = await live(BREACHES.length);
  assert.deepEqual(events, ['open', 'message', 'message', 'close']);
  assert.deepEqual([messages, close], [['one', OPENED], [4001, 'bye', true]]);
});
