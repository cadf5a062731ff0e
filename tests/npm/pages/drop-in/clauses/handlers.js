import { equal, next, opened, task } from '../check.js';

const TYPES = ['open', 'error', 'close', 'message'];

/** Events of a type can be had without a server, too. */
const fire = (socket, type = 'message') => socket.dispatchEvent(new MessageEvent(type, { cancelable: true }));

export const handlers = [
  {
    name: 'handlers: null first; functions and other objects are kept, all else is null',
    run({ Socket, at }) {
      const socket = new Socket(at());
      for (const type of TYPES) {
        const name = `on${type}`;
        equal(socket[name], null);
        const handler = () => {};
        socket[name] = handler;
        equal(socket[name] === handler, true, name);
        const object = { handleEvent: () => {} };
        socket[name] = object;
        equal(socket[name] === object, true, name);
        for (const none of ['x', 1, undefined, null, true, Symbol('x')]) {
          socket[name] = handler;
          socket[name] = none;
          equal(socket[name], null);
        }
      }
    },
  },
  {
    name: 'handlers: an object does nothing, not even by handleEvent',
    run({ Socket, at }) {
      const socket = new Socket(at());
      let calls = 0;
      socket.onmessage = { handleEvent: () => calls++ };
      fire(socket);
      equal(calls, 0);
    },
  },
  {
    name: 'handlers: this and target are the socket',
    async run({ Socket, at }) {
      const socket = new Socket(at());
      const seen = await new Promise(resolve => {
        socket.onopen = function (event) {
          resolve([this === socket, event.target === socket, event.currentTarget === socket, arguments.length]);
        };
      });
      equal(seen, [true, true, true, 1]);
    },
  },
  {
    name: 'handlers: one keeps its place among the listeners until it is null',
    run({ Socket, at }) {
      const socket = new Socket(at());
      const calls = [];
      const call = name => () => calls.push(name);
      socket.addEventListener('message', call(1));
      socket.onmessage = call('replaced');
      socket.addEventListener('message', call(3));
      socket.onmessage = call(2);
      fire(socket);
      socket.onmessage = null;
      socket.onmessage = call(4);
      fire(socket);
      equal(calls, [1, 2, 3, 1, 3, 4]);
    },
  },
  {
    name: 'handlers: one that is replaced or removed during an event',
    run({ Socket, at }) {
      const socket = new Socket(at());
      const calls = [];
      socket.addEventListener('message', () => (socket.onmessage = () => calls.push('new')), { once: true });
      socket.onmessage = () => calls.push('old');
      fire(socket);
      socket.addEventListener('close', () => (socket.onclose = null));
      socket.onclose = () => calls.push('removed');
      fire(socket, 'close');
      equal(calls, ['new']);
    },
  },
  {
    name: 'handlers: a function may listen twice, as handler and as listener',
    run({ Socket, at }) {
      const socket = new Socket(at());
      let calls = 0;
      const listener = () => calls++;
      socket.addEventListener('message', listener);
      socket.addEventListener('message', listener);
      socket.onmessage = listener;
      fire(socket);
      socket.removeEventListener('message', listener);
      fire(socket);
      equal(calls, 3);
    },
  },
  {
    name: 'handlers: returning false cancels',
    run({ Socket, at }) {
      const socket = new Socket(at());
      socket.onmessage = () => undefined;
      equal(fire(socket), true);
      socket.onmessage = () => false;
      equal(fire(socket), false);
    },
  },
  {
    name: 'listeners: once, signal, capture, and objects with handleEvent',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const calls = [];
      const controller = new AbortController();
      socket.addEventListener('message', () => calls.push('capture'), true);
      socket.addEventListener('message', () => calls.push('once'), { once: true });
      socket.addEventListener('message', () => calls.push('signal'), { signal: controller.signal });
      const object = {
        handleEvent(event) {
          calls.push([this === object, event.data]);
        },
      };
      socket.addEventListener('message', object);
      for (const text of ['1', '2']) {
        const heard = next(socket, 'message');
        socket.send(text);
        await heard;
        controller.abort();
      }
      equal(calls, ['capture', 'once', 'signal', [true, '1'], 'capture', [true, '2']]);
    },
  },
  {
    name: 'listeners: what one throws is reported, and the others are called all the same',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const reported = [];
      const report = event => {
        event.preventDefault();
        reported.push(event.error.message);
      };
      addEventListener('error', report);
      try {
        let calls = 0;
        socket.onmessage = () => {
          throw new Error('by the handler');
        };
        socket.addEventListener('message', () => {
          throw new Error('by the listener');
        });
        socket.addEventListener('message', () => calls++);
        for (const text of ['1', '2']) {
          const heard = next(socket, 'message');
          socket.send(text);
          await heard;
        }
        await task();
        const mine = reported.filter(message => message.startsWith('by the'));
        equal([calls, socket.readyState], [2, 1]);
        equal(mine.length >= 4, true, 'reports');
      } finally {
        removeEventListener('error', report);
      }
    },
  },
  {
    name: 'listeners: events that the page makes itself are told like others',
    run({ Socket, at }) {
      const socket = new Socket(at());
      let heard;
      socket.onclose = event => (heard = event.code);
      socket.dispatchEvent(new CloseEvent('close', { code: 4321 }));
      equal([heard, socket.readyState], [4321, 0]);
    },
  },
];
