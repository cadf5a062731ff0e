import { equal, next, opened, throwsType } from '../check.js';

const NAMES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];
const READ_ONLY = ['url', 'readyState', 'bufferedAmount', 'extensions', 'protocol'];
const WRITABLE = ['onopen', 'onerror', 'onclose', 'onmessage', 'binaryType'];

const descriptor = (object, name) => Object.getOwnPropertyDescriptor(object, name);

export const attributes = [
  {
    name: 'interface: name, length, and the tag of its instances',
    run({ Class, Socket, at }) {
      equal([Class.name, Class.length], ['WebSocket', 1]);
      equal(String(new Socket(at())), '[object WebSocket]');
      equal(descriptor(Object.getPrototypeOf(new Class(at())), Symbol.toStringTag)?.writable ?? false, false);
    },
  },
  {
    name: 'interface: it inherits from EventTarget',
    subjects: ['native', 'gateway'],
    run({ Class, Socket, at }) {
      const socket = new Socket(at());
      equal([socket instanceof EventTarget, socket instanceof Class], [true, true]);
      equal(Object.getPrototypeOf(Class) === EventTarget, true, 'EventTarget');
      equal(Object.getPrototypeOf(Class.prototype) === EventTarget.prototype, true, 'its prototype');
      equal(Class.prototype.constructor === Class, true, 'constructor');
      equal(descriptor(Class, 'prototype').writable, false, 'prototype writable');
      const { value, ...rest } = descriptor(Class.prototype, Symbol.toStringTag);
      equal([value, rest], ['WebSocket', { writable: false, enumerable: false, configurable: true }]);
    },
  },
  {
    name: 'interface: constants are on class and instance, and cannot be changed',
    run({ Class, Socket, at }) {
      const socket = new Socket(at());
      NAMES.forEach((name, value) => {
        equal([Class[name], Class.prototype[name], socket[name]], [value, value, value]);
        throwsType(() => {
          'use strict';
          socket[name] = 9;
        });
      });
    },
  },
  {
    name: 'interface: constants have the descriptors of Web IDL',
    subjects: ['native', 'gateway'],
    run({ Class }) {
      NAMES.forEach((name, value) => {
        const expected = { value, writable: false, enumerable: true, configurable: false };
        equal(descriptor(Class, name), expected, name);
        equal(descriptor(Class.prototype, name), expected, name);
      });
    },
  },
  {
    name: 'interface: attributes are accessors of the prototype, with the descriptors of Web IDL',
    subjects: ['native', 'gateway'],
    run({ Class }) {
      for (const name of [...READ_ONLY, ...WRITABLE]) {
        const { get, set, enumerable, configurable } = descriptor(Class.prototype, name);
        equal([enumerable, configurable, get.name, get.length], [true, true, `get ${name}`, 0], name);
        equal(set && [set.name, set.length], WRITABLE.includes(name) ? [`set ${name}`, 1] : undefined, name);
        throwsType(() => get.call({}));
        throwsType(() => Class.prototype[name]);
      }
    },
  },
  {
    name: 'interface: operations are enumerable, and have their lengths',
    subjects: ['native', 'gateway'],
    run({ Class }) {
      for (const [name, length] of [
        ['send', 1],
        ['close', 0],
      ]) {
        const { value, ...rest } = descriptor(Class.prototype, name);
        equal(rest, { writable: true, enumerable: true, configurable: true });
        equal([value.name, value.length], [name, length]);
        throwsType(() => value.call({}, 'x'));
      }
    },
  },
  {
    name: 'interface: an instance has no property of its own, and shows the same names in for-in',
    run({ Socket, at, Class }) {
      const socket = new Socket(at());
      equal(Reflect.ownKeys(socket).length, 0);
      const shown = [];
      for (const name in socket) {
        shown.push(name);
      }
      for (const name of [...NAMES, ...READ_ONLY, ...WRITABLE, 'send', 'close', 'addEventListener']) {
        equal(shown.includes(name), true, `${name} of ${Class.name} in for-in`);
      }
    },
  },
  {
    name: 'interface: read-only attributes cannot be set, foreign properties can',
    run({ Socket, at }) {
      const socket = new Socket(at());
      for (const name of READ_ONLY) {
        throwsType(() => {
          'use strict';
          socket[name] = 1;
        });
      }
      Object.assign(socket, { timeout: 1000, skipHeartbeat: true, _private: {}, handlers: 1, options: 2 });
      equal([socket.timeout, socket.skipHeartbeat, socket.handlers, socket.options], [1000, true, 1, 2]);
    },
  },
  {
    name: 'interface: it cannot be cloned',
    run({ Socket, at }) {
      let name;
      try {
        structuredClone(new Socket(at()));
      } catch (error) {
        ({ name } = error);
      }
      equal(name, 'DataCloneError');
    },
  },
  {
    name: 'readyState goes from CONNECTING to OPEN, CLOSING and CLOSED',
    async run({ Socket, at }) {
      const socket = new Socket(at());
      const seen = [socket.readyState];
      await next(socket, 'open');
      seen.push(socket.readyState);
      const closed = next(socket, 'close');
      socket.close();
      seen.push(socket.readyState);
      await closed;
      seen.push(socket.readyState);
      equal(seen, [0, 1, 2, 3]);
    },
  },
  {
    name: 'url, protocol and extensions stay as they were after the close',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const closed = next(socket, 'close');
      socket.close();
      await closed;
      equal([socket.url, socket.protocol, socket.extensions], [at(), '', '']);
    },
  },
  {
    name: 'binaryType belongs to sockets alone, whatever value is set',
    subjects: ['native', 'gateway'],
    async run({ Socket, at }) {
      const { set } = Object.getOwnPropertyDescriptor(Socket.prototype, 'binaryType');
      for (const value of ['blob', 'nodebuffer']) {
        throwsType(() => set.call({}, value));
      }
      const socket = await opened(new Socket(at()));
      set.call(socket, 'arraybuffer');
      equal(socket.binaryType, 'arraybuffer');
      socket.close();
    },
  },
  {
    name: 'binaryType is blob first, takes its two values in each state, and ignores others',
    async run({ Socket, at }) {
      const socket = new Socket(at());
      equal(socket.binaryType, 'blob');
      socket.binaryType = 'arraybuffer';
      for (const ignored of ['ArrayBuffer', '', null, undefined, 'nodebuffer', 1, {}]) {
        socket.binaryType = ignored;
        equal(socket.binaryType, 'arraybuffer');
      }
      throwsType(() => (socket.binaryType = Symbol('blob')));
      socket.binaryType = { toString: () => 'blob' };
      equal(socket.binaryType, 'blob');
      await next(socket, 'open');
      const closed = next(socket, 'close');
      socket.close();
      await closed;
      socket.binaryType = 'arraybuffer';
      equal(socket.binaryType, 'arraybuffer');
    },
  },
];
