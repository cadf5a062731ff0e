// A server of sessions that says what a test wants it to say, since the real ones break no rules.
import { once } from 'node:events';

import { WebSocketServer } from 'ws';

import { atEnd } from './end.mjs';
import { until } from './wait.mjs';

const WELCOME = 0x02;
const SEEK = 0x0a;
const TEXT = 0x10;
const BINARY = 0x11;

/** A control message of docs/GATEWAY.md. */
export function control(kind, rest = '') {
  return Buffer.concat([Buffer.from('\0tidewire'), Buffer.from([kind]), Buffer.from(rest)]);
}

/**
 * Welcomes each client over WebSocket and says the messages of its script, which the last part of its URL numbers.
 * `closed(number)` resolves to the code with which that client closed.
 */
export async function startScripted(scripts) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const codes = new Map();
  const protocols = [];
  server.on('connection', (socket, request) => {
    const number = Number(request.url.slice(1));
    protocols.push(socket.protocol);
    socket.once('message', hello => socket.send(Buffer.concat([welcome(hello), ...scripts[number].map(frame)])));
    socket.on('close', code => codes.set(number, code));
  });
  await once(server, 'listening');
  const stop = () => {
    server.clients.forEach(client => client.terminate());
    server.close();
  };
  atEnd(stop);
  return {
    ws: `ws://127.0.0.1:${server.address().port}`,
    async closed(number) {
      await until(() => codes.has(number));
      return codes.get(number);
    },
    /** The sub-protocols that it chose, the first ones offered, connection by connection. */
    protocols,
    /** Cuts its connections, and is not there any more. */
    stop,
  };
}

/** The WELCOME to a HELLO of a new session over WebSocket, and the place at which messages begin. */
function welcome(hello) {
  // Behind type, version, flags, mode, key and instance; the first ones are one byte.
  const attach = hello[1 + 1 + 1 + 1 + 16 + 4];
  const session = Buffer.alloc(8, 1);
  const [bytes, messages, life, heartbeat] = [1 << 20, 1 << 10, 60_000, 12_000].map(varint);
  return Buffer.concat([
    Buffer.from([WELCOME, attach, 0]),
    session,
    // Nothing received, nothing waiting.
    Buffer.from([0, 0, 0]),
    ...[bytes, bytes, messages, life, heartbeat],
    Buffer.from([SEEK, 0, 0]),
  ]);
}

function frame(message) {
  const bytes = Buffer.from(message);
  const type = typeof message === 'string' ? TEXT : BINARY;
  return Buffer.concat([Buffer.from([type]), varint(bytes.length), bytes]);
}

function varint(number) {
  const bytes = [];
  for (; number > 0x7f; number >>>= 7) {
    bytes.push((number & 0x7f) | 0x80);
  }
  return Buffer.from([...bytes, number]);
}
