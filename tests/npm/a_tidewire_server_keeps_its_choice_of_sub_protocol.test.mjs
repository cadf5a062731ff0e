import './support/websocket.mjs';

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TidewireSocket } from 'tidewire';

import { startScripted } from './support/scripted.mjs';
import { echo } from './support/server.mjs';
import { next } from './support/wait.mjs';

const Session = TidewireSocket.with({ server: 'tidewire' });

test('what is wanted is offered, and what is chosen is the server’s alone to know', async () => {
  const server = await startScripted([[]]);
  const socket = new (Session.with({ transports: ['websocket'] }))(`${server.ws}/0`, ['chat', 'talk']);
  await next(socket, 'open');
  assert.deepEqual(server.protocols, ['chat']);
  assert.equal(socket.protocol, '');
  socket.close();
  await next(socket, 'close');
});

test('a server that chooses none is reached over HTTP', async () => {
  const server = await echo();
  const socket = new Session(`${server.ws}/live`, 'chat');
  await next(socket, 'open');
  socket.send('ahoy');
  const { data } = await next(socket, 'message');
  assert.deepEqual([data, socket.protocol], ['ahoy', '']);
  socket.close();
  await next(socket, 'close');
});

test('with WebSocket alone it is not reached', async () => {
  const server = await echo();
  const Class = Session.with({ transports: ['websocket'], openTimeout: 1_000 });
  const { error } = await next(new Class(`${server.ws}/live`, 'chat'), 'error');
  assert.equal(error.code, 'timeout');
});
