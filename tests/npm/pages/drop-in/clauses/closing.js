import { equal, log, next, opened, task, throwsDom, throwsType } from '../check.js';

const both = ['native', 'gateway'];

async function endOf(socket) {
  const { code, reason, wasClean } = await next(socket, 'close');
  return [code, reason, wasClean];
}

export const closing = [
  {
    name: 'close: codes other than 1000 and 3000 to 4999 are InvalidAccessErrors, in each state',
    async run({ Socket, at }) {
      const socket = new Socket(at());
      const bad = [0, 1, 999, 1001, 1005, 1006, 2999, 5000, 65_535, -1, NaN, null, 'x', {}, 2 ** 32 + 1000, Infinity];
      const refuse = () => bad.forEach(code => throwsDom('InvalidAccessError', () => socket.close(code)));
      refuse();
      await next(socket, 'open');
      refuse();
      equal(socket.readyState, 1);
      const closed = next(socket, 'close');
      socket.close();
      refuse();
      await closed;
      refuse();
    },
  },
  {
    name: 'close: the code is clamped and rounded as Web IDL has it',
    async run({ Socket, at, subject }) {
      for (const [given, code] of [
        [3000.4, 3000],
        ['4000', 4000],
        [{ valueOf: () => 3001 }, 3001],
        // Chromium cuts fractions off; Web IDL rounds, and halves to even numbers.
        ...(subject === 'native'
          ? []
          : [
              [2999.5, 3000],
              [1000.5, 1000],
              [999.6, 1000],
            ]),
      ]) {
        const socket = await opened(new Socket(at()));
        const end = endOf(socket);
        socket.close(given);
        equal(await end, [code, '', true]);
      }
      const socket = await opened(new Socket(at()));
      throwsType(() => socket.close(1000n));
      throwsType(() => socket.close(Symbol('code')));
      throwsDom('InvalidAccessError', () => socket.close(5000.5));
    },
  },
  {
    name: 'close: a reason of more than 123 bytes of UTF-8 is a SyntaxError',
    async run({ Socket, at, subject }) {
      const socket = await opened(new Socket(at()));
      throwsDom('SyntaxError', () => socket.close(1000, 'x'.repeat(124)));
      throwsDom('SyntaxError', () => socket.close(1000, 'ü'.repeat(62)));
      throwsDom('SyntaxError', () => socket.close(1000, '\ud800'.repeat(42)));
      if (subject !== 'native') {
        // Chromium takes an undefined code for 0 where there is a reason; to Web IDL it is none.
        throwsDom('SyntaxError', () => socket.close(undefined, 'x'.repeat(124)));
      }
      equal(socket.readyState, 1);
      const end = endOf(socket);
      socket.close(3000, `${'ü'.repeat(61)}x`);
      equal(await end, [3000, `${'ü'.repeat(61)}x`, true]);
    },
  },
  {
    name: 'close: a code that is not allowed is told before a reason that is too long',
    run({ Socket, at }) {
      throwsDom('InvalidAccessError', () => new Socket(at()).close(1001, 'x'.repeat(124)));
    },
  },
  {
    name: 'close: code and reason reach the server',
    subjects: both,
    async run({ Socket, at, record }) {
      const socket = await opened(new Socket(at()));
      const end = endOf(socket);
      socket.close(3000, 'x\ud800');
      equal(await end, [3000, 'x\ufffd', true]);
      equal((await record('close')).close, { code: 3000, reason: 'x\ufffd' });
    },
  },
  {
    name: 'close: a byte order mark at the beginning of a reason stays there, on both ways',
    subjects: both,
    async run({ Socket, at, record }) {
      const socket = await opened(new Socket(at()));
      const end = endOf(socket);
      socket.close(3000, '\ufeffx');
      equal(await end, [3000, '\ufeffx', true]);
      equal((await record('close')).close, { code: 3000, reason: '\ufeffx' });
      equal(await endOf(new Socket(at('!close 4001 \ufeffbye'))), [4001, '\ufeffbye', true]);
    },
  },
  {
    name: 'close: without a code the event has 1005',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const end = endOf(socket);
      socket.close();
      equal(await end, [1005, '', true]);
    },
  },
  {
    name: 'close: without a code the server gets a close frame without one, with 1000 one with it',
    subjects: both,
    async run({ Socket, at, record, subject }) {
      for (const [given, code] of [
        [[], 1005],
        [[1000], 1000],
        // Chromium takes an undefined code for 0 where there is a reason; to Web IDL it is none.
        ...(subject === 'native' ? [] : [[[undefined, ''], 1005]]),
      ]) {
        const socket = await opened(new Socket(at()));
        const end = endOf(socket);
        socket.close(...given);
        await end;
        equal((await record('close')).close, { code, reason: '' });
      }
    },
  },
  {
    name: 'close: an explicit undefined is no code',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const end = endOf(socket);
      socket.close(undefined, undefined);
      equal(await end, [1005, '', true]);
    },
  },
  {
    name: 'close: with 1000 the event has 1000',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const end = endOf(socket);
      socket.close(1000, 'done');
      equal(await end, [1000, 'done', true]);
    },
  },
  {
    name: 'close: while CONNECTING it is CLOSING at once, then an error and 1006',
    async run({ Socket, at }) {
      const socket = new Socket(at());
      const types = log(socket);
      socket.close(3000, 'never told');
      equal(socket.readyState, 2);
      await null;
      equal(types, [], 'not within the call');
      const end = await endOf(socket);
      equal([end, types, socket.readyState], [[1006, '', false], ['error', 'close'], 3]);
    },
  },
  {
    name: 'close: a second one changes nothing',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const types = log(socket);
      const end = endOf(socket);
      socket.close(3001, 'first');
      socket.close(3002, 'second');
      equal(await end, [3001, 'first', true]);
      socket.close(3003);
      await task();
      equal([types, socket.readyState], [['close'], 3]);
    },
  },
  {
    name: 'close: it may be called by the handler of open, of a message, and of close',
    async run({ Socket, at }) {
      const early = new Socket(at());
      early.onopen = () => early.close(3000);
      early.onclose = () => early.close(3001);
      equal(await endOf(early), [3000, '', true]);
      const later = await opened(new Socket(at()));
      later.onmessage = () => later.close(3002, 'heard');
      later.send('x');
      equal(await endOf(later), [3002, 'heard', true]);
    },
  },
  {
    name: 'close: messages that come after it are not told',
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const types = log(socket);
      for (let count = 0; count < 20; count++) {
        socket.send('echo me');
      }
      socket.close();
      await next(socket, 'close');
      equal(types, ['close']);
    },
  },
  {
    name: 'close: the event waits for the answer of the server',
    subjects: both,
    async run({ Socket, at, record, answer }) {
      const socket = await opened(new Socket(at('!answer later')));
      const types = log(socket);
      const end = endOf(socket);
      socket.send('heard');
      socket.close(3000, 'over');
      await record('asked');
      await task();
      socket.close(3001);
      equal([types, socket.readyState, socket.bufferedAmount], [[], 2, 0], 'before the answer');
      await answer();
      equal(await end, [3000, 'over', true]);
      equal([types, socket.readyState], [['close'], 3]);
      const { messages, close } = await record('close');
      equal([messages, close], [[{ text: 'heard' }], { code: 3000, reason: 'over' }]);
    },
  },
  {
    name: 'close: the event has the code and the reason of the server’s answer',
    subjects: both,
    async run({ Socket, at }) {
      for (const [order, given, end] of [
        ['!answer 4321 other ü', [3000, 'over'], [4321, 'other ü', true]],
        ['!answer 1011', [], [1011, '', true]],
        ['!answer', [3000, 'over'], [1005, '', true]],
      ]) {
        const socket = await opened(new Socket(at(order)));
        const told = endOf(socket);
        socket.close(...given);
        equal(await told, end);
      }
    },
  },
  {
    name: 'close: a server that cuts instead of answering: 1006, not clean',
    subjects: both,
    async run({ Socket, at, subject }) {
      const socket = await opened(new Socket(at('!answer terminate')));
      const types = log(socket);
      const end = endOf(socket);
      socket.close(3000, 'over');
      equal(await end, [1006, '', false]);
      // As where the server cuts by itself.
      equal(types, subject === 'native' ? ['close'] : ['error', 'close']);
    },
  },
  {
    name: 'closed by the server, with code and reason',
    subjects: both,
    async run({ Socket, at }) {
      const socket = new Socket(at('!close 4001 bye ü'));
      const types = log(socket);
      equal(await endOf(socket), [4001, 'bye ü', true]);
      equal([types, socket.readyState], [['open', 'close'], 3]);
    },
  },
  {
    name: 'closed by the server, with a code of the protocol',
    subjects: both,
    async run({ Socket, at }) {
      for (const code of [1000, 1001, 1011, 1013]) {
        const socket = await opened(new Socket(at()));
        const end = endOf(socket);
        socket.send(`!close ${code}`);
        equal(await end, [code, '', true]);
      }
    },
  },
  {
    name: 'closed by the server, without a code: 1005, and clean',
    subjects: both,
    async run({ Socket, at }) {
      const socket = new Socket(at('!close'));
      const types = log(socket);
      equal(await endOf(socket), [1005, '', true]);
      equal(types, ['open', 'close']);
    },
  },
  {
    name: 'ended by the server without a close frame: an error, then 1006, not clean',
    subjects: both,
    async run({ Socket, at, subject }) {
      const socket = await opened(new Socket(at()));
      const types = log(socket);
      const end = endOf(socket);
      socket.send('!terminate');
      equal(await end, [1006, '', false]);
      // RFC 6455 section 7.2.1: that is to fail the connection, which is an error; to Chromium it is none.
      equal([types, socket.readyState], [subject === 'native' ? ['close'] : ['error', 'close'], 3]);
    },
  },
  {
    name: 'what the server says before it closes is told before the close',
    subjects: both,
    async run({ Socket, at }) {
      const socket = await opened(new Socket(at()));
      const types = log(socket);
      socket.send('!say a b c');
      socket.send('!close 4000');
      await next(socket, 'close');
      equal(types, ['message', 'message', 'message', 'close']);
    },
  },
];
