import { bytes, echoed, equal, next, opened, task, throwsDom, throwsType } from '../check.js';

/** A socket whose binary messages are buffers. */
async function raw({ Socket, at }) {
  const socket = await opened(new Socket(at()));
  socket.binaryType = 'arraybuffer';
  return socket;
}

export const sending = [
  {
    name: 'send: without a message it is a TypeError, in each state',
    async run({ Socket, at }) {
      const socket = new Socket(at());
      throwsType(() => socket.send());
      await next(socket, 'open');
      throwsType(() => socket.send());
    },
  },
  {
    name: 'send: before open it is an InvalidStateError, and nothing is counted',
    async run({ Socket, at }) {
      const socket = new Socket(at());
      for (const message of ['x', new Uint8Array(1), new Blob(['x']), new ArrayBuffer(1)]) {
        throwsDom('InvalidStateError', () => socket.send(message));
      }
      equal(socket.bufferedAmount, 0);
    },
  },
  {
    name: 'send: the argument is converted before the state is looked at',
    run({ Socket, at }) {
      throwsType(() => new Socket(at()).send(Symbol('x')));
      throwsType(() => new Socket(at()).send(Object.create(null)));
    },
  },
  {
    name: 'send: texts arrive as they are, the empty one and NUL too',
    async run(env) {
      const socket = await raw(env);
      for (const text of ['ahoy', '', '\u0000', 'ü€😀', '\ufeffmark']) {
        equal(await echoed(socket, text), text);
      }
    },
  },
  {
    name: 'send: what is no buffer and no Blob is converted to a text',
    async run(env) {
      const socket = await raw(env);
      const texts = [
        [7, '7'],
        [null, 'null'],
        [undefined, 'undefined'],
        [true, 'true'],
        [10n, '10'],
        [{}, '[object Object]'],
        [[1, [2, 3]], '1,2,3'],
        [{ toString: () => 'by toString' }, 'by toString'],
        [new String('object'), 'object'],
      ];
      for (const [given, text] of texts) {
        equal(await echoed(socket, given), text);
      }
    },
  },
  {
    name: 'send: lone surrogates become U+FFFD',
    async run(env) {
      equal(await echoed(await raw(env), 'a\ud800b\udc00\ud83d\ude00'), 'a\ufffdb\ufffd\ud83d\ude00');
    },
  },
  {
    name: 'send: buffers, and views with the bytes they show, as they are at the call',
    async run(env) {
      const socket = await raw(env);
      const buffer = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
      const views = [
        [buffer, [1, 2, 3, 4, 5, 6, 7, 8]],
        [new Uint8Array(buffer, 2, 3), [3, 4, 5]],
        [new DataView(buffer, 6), [7, 8]],
        [new Uint16Array(buffer, 4, 1), [5, 6]],
        [new Float64Array(buffer), [1, 2, 3, 4, 5, 6, 7, 8]],
        [new Uint8ClampedArray([300, 0]), [255, 0]],
        [new BigInt64Array(1), [0, 0, 0, 0, 0, 0, 0, 0]],
      ];
      for (const [given, expected] of views) {
        equal(await bytes(await echoed(socket, given)), expected);
      }
      const reused = new Uint8Array([9]);
      const answer = next(socket, 'message');
      socket.send(reused);
      reused[0] = 1;
      equal(await bytes((await answer).data), [9]);
    },
  },
  {
    name: 'send: empty binary messages arrive as such',
    async run(env) {
      const socket = await raw(env);
      for (const empty of [new ArrayBuffer(0), new Uint8Array(4).subarray(2, 2), new Blob([])]) {
        const data = await echoed(socket, empty);
        equal([data instanceof ArrayBuffer, data.byteLength], [true, 0]);
      }
    },
  },
  {
    name: 'send: what was detached is an empty message',
    async run(env) {
      const socket = await raw(env);
      const view = new Uint8Array([1, 2]);
      const { buffer } = view;
      structuredClone(buffer, { transfer: [buffer] });
      for (const detached of [buffer, view, new Blob([])]) {
        equal((await echoed(socket, detached)).byteLength, 0);
      }
    },
  },
  {
    name: 'send: shared memory is no buffer',
    async run(env) {
      const socket = await raw(env);
      const shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
      throwsType(() => socket.send(new Uint8Array(shared, 0, 1)));
      throwsType(() => socket.send(new DataView(shared)));
      throwsType(() => socket.send(shared));
    },
  },
  {
    name: 'send: what only calls itself a buffer or a Blob is a text',
    async run(env) {
      const socket = await raw(env);
      for (const name of ['ArrayBuffer', 'SharedArrayBuffer', 'Blob', 'File']) {
        equal(await echoed(socket, { [Symbol.toStringTag]: name }), `[object ${name}]`);
      }
      const renamed = Object.defineProperty(new ArrayBuffer(1), Symbol.toStringTag, { value: 'Other' });
      equal(await bytes(await echoed(socket, renamed)), [0]);
      const blob = Object.defineProperty(new Blob(['b']), Symbol.toStringTag, { value: 'Other' });
      equal(await bytes(await echoed(socket, blob)), [98]);
    },
  },
  {
    name: 'send: buffers that can be resized are TypeErrors',
    async run(env) {
      const socket = await raw(env);
      const buffer = new ArrayBuffer(2, { maxByteLength: 4 });
      throwsType(() => socket.send(buffer));
      throwsType(() => socket.send(new Uint8Array(buffer)));
    },
  },
  {
    name: 'send: Blobs and files, in their order among the others',
    async run(env) {
      const socket = await raw(env);
      const got = [];
      const all = new Promise(resolve => {
        socket.onmessage = ({ data }) => got.push(data) === 4 && resolve();
      });
      socket.send('first');
      socket.send(new Blob(['b', Uint8Array.of(255)]));
      socket.send(new File(['f'], 'f.txt', { type: 'text/plain' }));
      socket.send('last');
      await all;
      equal([got[0], await bytes(got[1]), await bytes(got[2]), got[3]], ['first', [98, 255], [102], 'last']);
    },
  },
  {
    name: 'send: buffers and Blobs of another window',
    async run(env) {
      const frame = document.createElement('iframe');
      document.body.append(frame);
      try {
        const socket = await raw(env);
        const other = frame.contentWindow;
        const given = [
          Object.assign(new other.Uint8Array(2)).buffer,
          other.Uint8Array.of(1, 2),
          new other.Blob([other.Uint8Array.of(3)]),
        ];
        equal(await bytes(await echoed(socket, given[0])), [0, 0]);
        equal(await bytes(await echoed(socket, given[1])), [1, 2]);
        equal(await bytes(await echoed(socket, given[2])), [3]);
      } finally {
        frame.remove();
      }
    },
  },
  {
    name: 'send: large messages, texts and binary',
    async run(env) {
      const socket = await raw(env);
      const text = 'ü'.repeat(300_000);
      equal((await echoed(socket, text)) === text, true);
      const blob = crypto.getRandomValues(new Uint8Array(65_536));
      const large = new Uint8Array(900_000).map((_, index) => blob[index % 65_536]);
      const back = new Uint8Array(await echoed(socket, large));
      equal([back.length, back.every((byte, index) => byte === large[index])], [large.length, true]);
    },
  },
  {
    name: 'send: what is longer than the server takes fails the socket, a text at once and a Blob once it is read',
    subjects: ['gateway', 'tidewire'],
    async run({ Socket, at }) {
      for (const message of ['x'.repeat(2 ** 21), new Blob([new Uint8Array(2 ** 21)])]) {
        const socket = await opened(new Socket(at()));
        const failed = next(socket, 'error');
        const closed = next(socket, 'close');
        socket.send(message);
        equal((await failed).error.code, 'too-large');
        const { code, reason, wasClean } = await closed;
        equal([code, reason, wasClean], [1006, '', false]);
      }
    },
  },
  {
    name: 'send: a burst of a turn, larger than any one message may be',
    async run(env) {
      const socket = await raw(env);
      let next = 0;
      const all = new Promise((resolve, reject) => {
        socket.onmessage = ({ data }) => {
          if (new Uint32Array(data)[0] !== next++) {
            reject(new Error(`message ${next - 1} is out of order`));
          } else if (next === 120) {
            resolve();
          }
        };
      });
      for (let number = 0; number < 120; number++) {
        socket.send(new Uint32Array(16_384).fill(number));
      }
      equal(socket.bufferedAmount, 120 * 65_536);
      await all;
    },
  },
  {
    name: 'bufferedAmount: it counts bytes of UTF-8 at once, and falls in later tasks only',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      socket.send('aü€😀');
      equal(socket.bufferedAmount, 10);
      socket.send('\ud800');
      equal(socket.bufferedAmount, 13);
      socket.send(new Uint8Array(100));
      socket.send(new Blob([new Uint8Array(50)]));
      equal(socket.bufferedAmount, 163);
      for (let turn = 0; turn < 50; turn++) {
        await null;
      }
      equal(socket.bufferedAmount, 163, 'within the task');
      while (socket.bufferedAmount) {
        await task();
      }
    },
  },
  {
    name: 'bufferedAmount: after close began it only grows, and stays',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const closed = next(socket, 'close');
      socket.close();
      socket.send('12345');
      equal(socket.bufferedAmount, 5);
      await closed;
      socket.send(new Uint8Array(10));
      socket.send(new Blob(['1']));
      equal(socket.bufferedAmount, 16);
      await task();
      equal(socket.bufferedAmount, 16);
    },
  },
  {
    name: 'send: what was sent before close arrives, what is sent after does not',
    subjects: ['native', 'gateway'],
    async run({ Socket, at, record }) {
      const socket = await opened(new Socket(at()));
      const closed = next(socket, 'close');
      socket.send('one');
      socket.send(new Blob(['two']));
      socket.send('three');
      socket.close();
      socket.send('four');
      await closed;
      equal((await record('close')).messages, [{ text: 'one' }, { binary: '74776f' }, { text: 'three' }]);
    },
  },
];
