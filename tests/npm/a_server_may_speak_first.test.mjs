import './support/websocket.mjs';

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TidewireSocket } from 'tidewire';

import { startScripted } from './support/scripted.mjs';
import { next } from './support/wait.mjs';

test('what a tidewire server says in the packet of its welcome is heard behind `open`', async () => {
  const server = await startScripted([['ahoy']]);
  const Class = TidewireSocket.with({ server: 'tidewire', transports: ['websocket'] });
  const socket = new Class(`${server.ws}/0`);
  const types = [];
  for (const type of ['open', 'message', 'error', 'close']) {
    socket.addEventListener(type, () => types.push(type));
  }
  const { data } = await next(socket, 'message');
  assert.deepEqual([types, data], [['open', 'message'], 'ahoy']);
  socket.close();
});
