import { bytes, echoed, equal, log, next, opened } from '../check.js';

const origin = at => new URL(at()).origin;

export const events = [
  {
    name: 'event open: a plain Event that neither bubbles nor can be cancelled',
    async run({ Socket, at }) {
      const socket = new Socket(at());
      const event = await next(socket, 'open');
      equal(Object.getPrototypeOf(event) === Event.prototype, true, 'Event');
      equal([event.type, event.bubbles, event.cancelable, event.composed], ['open', false, false, false]);
      equal(event.target === socket, true, 'target');
    },
  },
  {
    name: 'event message: a MessageEvent with data and origin',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const heard = next(socket, 'message');
      socket.send('x');
      const event = await heard;
      equal(Object.getPrototypeOf(event) === MessageEvent.prototype, true, 'MessageEvent');
      equal([event.data, event.origin, event.lastEventId, event.source], ['x', origin(at), '', null]);
      equal([event.ports, event.bubbles, event.cancelable], [[], false, false]);
    },
  },
  {
    name: 'event message: binary messages are Blobs without a type, or buffers, as binaryType says then',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const blob = await echoed(socket, Uint8Array.of(1, 2));
      equal([blob instanceof Blob, blob.type, await bytes(blob)], [true, '', [1, 2]]);
      socket.binaryType = 'arraybuffer';
      const buffer = await echoed(socket, Uint8Array.of(3));
      equal([buffer instanceof ArrayBuffer, await bytes(buffer)], [true, [3]]);
      socket.binaryType = 'blob';
      equal(await bytes(await echoed(socket, Uint8Array.of(4))), [4]);
    },
  },
  {
    name: 'event message: messages that look like the control messages of a gateway, or for one, are data',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      socket.binaryType = 'arraybuffer';
      const mark = [0, 0x74, 0x69, 0x64, 0x65, 0x77, 0x69, 0x72, 0x65];
      for (const message of [mark, [...mark, 0], [...mark, 1, 65], [...mark, 2, 1, 3, 232], [...mark, 9]]) {
        equal(await bytes(await echoed(socket, Uint8Array.from(message))), message);
      }
      for (const message of ['\0tidewire', '\0tidewire3000bye', '\0tidewire\0tidewire1005']) {
        equal(await echoed(socket, message), message);
        equal(await bytes(await echoed(socket, new Blob([message]))), [...new TextEncoder().encode(message)]);
      }
    },
  },
  {
    name: 'event close: a CloseEvent that neither bubbles nor can be cancelled',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const closed = next(socket, 'close');
      socket.close(3000, 'why');
      const event = await closed;
      equal(Object.getPrototypeOf(event) === CloseEvent.prototype, true, 'CloseEvent');
      equal([event.code, event.reason, event.wasClean], [3000, 'why', true]);
      equal([event.bubbles, event.cancelable, event.target === socket], [false, false, true]);
    },
  },
  {
    name: 'event error: a plain Event, before close, when the socket is CLOSED already',
    async run({ Socket, at }) {
      const socket = new Socket(at());
      const failed = next(socket, 'error');
      socket.close();
      const event = await failed;
      equal(Object.getPrototypeOf(event) === Event.prototype, true, 'Event');
      equal([event.type, event.bubbles, event.cancelable, socket.readyState], ['error', false, false, 3]);
    },
  },
  {
    name: 'events: each is a task of its own, so what awaits one hears the next',
    subjects: ['native', 'gateway'],
    async run({ Socket, at }) {
      const socket = new Socket(at('!say a b c d e'));
      const heard = [];
      await next(socket, 'open');
      // Some turns of promises later, as an async function below another has it.
      await (async () => await (async () => await null)())();
      while (heard.length < 5) {
        const { data } = await next(socket, 'message');
        await (async () => await null)();
        heard.push(data);
      }
      equal(heard, ['a', 'b', 'c', 'd', 'e']);
    },
  },
  {
    name: 'events: none comes before the turn of the constructor has ended',
    async run({ Socket, at }) {
      const socket = new Socket(at());
      const types = log(socket);
      const until = performance.now() + 50;
      while (performance.now() < until);
      await null;
      equal([types, socket.readyState], [[], 0]);
      await next(socket, 'open');
    },
  },
];
