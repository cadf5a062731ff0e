import { TidewireSocket } from '/node_modules/tidewire/dist/index.js';

import { clauses } from './clauses/all.js';

const CLASSES = {
  native: TidewireSocket.plain,
  gateway: TidewireSocket,
  tidewire: TidewireSocket.with({ server: 'tidewire' }),
};

let ids = 0;

/** Runs one clause against one class; resolves when it holds. */
globalThis.run = async (name, subject, { address, records }) => {
  const clause = clauses.find(clause => clause.name === name);
  const id = `${subject}-${++ids}`;
  const sockets = [];
  const Socket = new Proxy(CLASSES[subject], {
    construct(target, given, newTarget) {
      const socket = Reflect.construct(target, given, newTarget);
      sockets.push(socket);
      return socket;
    },
  });
  const patience = new Promise((_, reject) => setTimeout(() => reject(new Error('nothing came in 10 s')), 10_000));
  try {
    await Promise.race([
      patience,
      clause.run({
        /** The class under test, as it is, and one that closes what it made after the test. */
        Class: CLASSES[subject],
        Socket,
        subject,
        /** An address that echoes; `order` is done when the connection is there. */
        at: order => {
          const url = new URL(address);
          url.searchParams.set('id', id);
          if (order) {
            url.searchParams.set('do', order);
          }
          return url.href;
        },
        /** What the server saw. */
        record: async until => (await fetch(`${records}/record?id=${id}&until=${until}`)).json(),
        /** Lets the server answer a close frame that it was to answer later. */
        answer: () => fetch(`${records}/answer?id=${id}`),
      }),
    ]);
  } finally {
    for (const socket of sockets) {
      socket.close();
    }
  }
};
