import { equal, next, opened, throwsDom, throwsType } from '../check.js';

/** `at()` with another beginning or end. */
const shifted = (at, change) => change(new URL(at())).href;

export const construction = [
  {
    name: 'constructor: without new it is a TypeError',
    run: ({ Class, at }) => throwsType(() => Class(at())),
  },
  {
    name: 'constructor: without a URL it is a TypeError',
    run: ({ Socket }) => throwsType(() => new Socket()),
  },
  {
    name: 'constructor: it is synchronous, and the socket is CONNECTING',
    run({ Socket, at }) {
      const socket = new Socket(at());
      equal([socket.readyState, socket.url, socket.protocol, socket.extensions], [0, at(), '', '']);
      equal([socket.bufferedAmount, socket.binaryType], [0, 'blob']);
    },
  },
  {
    name: 'constructor 1-3: the URL is parsed against that of the document',
    run({ Socket }) {
      const base = location.href.replace('http', 'ws');
      for (const relative of ['a/b?c', '/x', '?q', '//other.invalid/', '']) {
        equal(new Socket(relative).url, new URL(relative, base).href);
      }
      equal(new Socket(undefined).url, new URL('undefined', base).href);
      equal(new Socket(null).url, new URL('null', base).href);
    },
  },
  {
    name: 'constructor 1-3: the base is that of the document, also where an element sets it',
    run({ Socket }) {
      const base = document.createElement('base');
      base.href = 'https://base.invalid/folder/';
      document.head.append(base);
      try {
        equal(new Socket('x').url, 'wss://base.invalid/folder/x');
      } finally {
        base.remove();
      }
    },
  },
  {
    name: 'constructor 2: what is no URL is a SyntaxError',
    run({ Socket }) {
      for (const url of ['ws://', 'ws://x:70000/', 'ws://[::1/', 'ws://a:b/', 'ws://1.2.3.4.5/']) {
        throwsDom('SyntaxError', () => new Socket(url));
      }
    },
  },
  {
    name: 'constructor 4-6: http and https become ws and wss, other schemes are SyntaxErrors',
    run({ Socket }) {
      equal(new Socket('http://x.invalid/a').url, 'ws://x.invalid/a');
      equal(new Socket('HTTPS://x.invalid:443/a').url, 'wss://x.invalid/a');
      equal(new Socket('http://x.invalid:443/a').url, 'ws://x.invalid:443/a');
      for (const url of ['ftp://x/', 'mailto:x', 'about:blank', 'javascript:1', 'blob:http://x/1', 'wsx://x/']) {
        throwsDom('SyntaxError', () => new Socket(url));
      }
    },
  },
  {
    name: 'constructor 7: a fragment is a SyntaxError, an empty one too',
    run({ Socket, at }) {
      for (const end of ['#', '#a', '#%23']) {
        throwsDom('SyntaxError', () => new Socket(at() + end));
      }
      equal(new Socket(`${at()}&hash=%23`).url, `${at()}&hash=%23`);
    },
  },
  {
    name: 'constructor: the URL is normalized, and names of hosts are put into ASCII',
    run({ Socket }) {
      equal(new Socket('WS://EXAMPLE.invalid:80/a/../b c').url, 'ws://example.invalid/b%20c');
      equal(new Socket('ws://bücher.invalid').url, 'ws://xn--bcher-kva.invalid/');
      equal(new Socket('wss:x.invalid').url, 'wss://x.invalid/');
      equal(new Socket('ws://x.invalid/\ud800').url, 'ws://x.invalid/%EF%BF%BD');
      equal(new Socket('  ws://x.invalid/\n').url, 'ws://x.invalid/');
    },
  },
  {
    name: 'constructor: credentials stay in the URL, and do not hinder the connection',
    async run({ Socket, at }) {
      const url = shifted(at, url => Object.assign(url, { username: 'user', password: 'secret' }));
      equal((await opened(new Socket(url))).url, url);
    },
  },
  {
    name: 'constructor: the URL may be a URL object, or any object with toString',
    run({ Socket, at }) {
      equal(new Socket(new URL(at())).url, at());
      equal(new Socket({ toString: () => at() }).url, at());
      throwsType(() => new Socket(Symbol('url')));
      throwsType(() => new Socket(Object.create(null)));
    },
  },
  {
    name: 'constructor: what converting an argument throws comes through, the URL first',
    run({ Socket }) {
      const thrown = [];
      const thrower = name => ({
        toString() {
          thrown.push(name);
          throw new RangeError(name);
        },
      });
      for (const create of [
        () => new Socket(thrower('url'), thrower('protocol')),
        () => new Socket('not a scheme:', thrower('protocol')),
        () => new Socket('ws://x.invalid', [thrower('element')]),
      ]) {
        try {
          create();
        } catch (error) {
          equal(error instanceof RangeError, true, String(error));
        }
      }
      equal(thrown, ['url', 'protocol', 'element']);
    },
  },
  {
    name: 'constructor 8-9: sub-protocols are tokens, each once, in texts or in anything iterable',
    run({ Socket, at }) {
      function* generated() {
        yield 'a';
        yield 'b';
      }
      for (const good of ['a', ['a', 'b'], [], undefined, new Set(['a', 'b']), generated(), 1, [1, 2]]) {
        new Socket(at(), good);
      }
      new Socket(at(), ['echo', 'ECHO']);
      new Socket(at(), "!#$%&'*+-.^_`|~09AZaz");
      new Socket(at(), null);
      new Socket(at(), { toString: () => 'named' });
      new Socket(at(), new String('xy'));
    },
  },
  {
    name: 'constructor 9: sub-protocols that are no tokens, or there twice, are SyntaxErrors',
    run({ Socket, at }) {
      for (const bad of ['', ' a', 'a b', 'a,b', 'a/b', 'é', '\u0000', '\u007f', '"', '(', '\\', 'a\n']) {
        throwsDom('SyntaxError', () => new Socket(at(), bad));
        throwsDom('SyntaxError', () => new Socket(at(), ['fine', bad]));
      }
      throwsDom('SyntaxError', () => new Socket(at(), ['a', 'b', 'a']));
      throwsDom('SyntaxError', () => new Socket(at(), [undefined, 'undefined']));
      throwsDom('SyntaxError', () => new Socket(at(), {}));
      throwsDom('SyntaxError', () => new Socket(at(), new String('xx')));
      throwsDom('SyntaxError', () => new Socket(at(), () => {}));
      throwsType(() => new Socket(at(), [Symbol('a')]));
      throwsType(() => new Socket(at(), Symbol('a')));
      throwsType(() => new Socket(at(), { [Symbol.iterator]: 1 }));
    },
  },
  {
    name: 'constructor: further arguments are ignored',
    async run({ Socket, at }) {
      await opened(new Socket(at(), undefined, { headers: {} }, 4));
    },
  },
  {
    name: 'constructor: a subclass is a socket of its own',
    async run({ Socket, at }) {
      class Mine extends Socket {
        options = 'mine';
        constructor(url) {
          super(url);
          this.extra = 1;
        }
      }
      const socket = await opened(new Mine(at()));
      equal([socket instanceof Mine, socket instanceof Socket, socket.options, socket.extra], [true, true, 'mine', 1]);
      equal([Mine.OPEN, socket.OPEN], [1, 1]);
    },
  },
  {
    name: 'establish: the server sees the wanted sub-protocols, and the chosen one is in protocol',
    subjects: ['native', 'gateway'],
    async run({ Socket, at, record }) {
      const socket = new Socket(at(), ['first', 'second']);
      equal(socket.protocol, '');
      await opened(socket);
      equal([socket.protocol, socket.extensions], ['first', '']);
      equal((await record('open')).protocol, 'first');
    },
  },
  {
    name: 'establish: without sub-protocols none is chosen',
    async run({ Socket, at }) {
      equal((await opened(new Socket(at()))).protocol, '');
    },
  },
  {
    name: 'establish: more sub-protocols than a gateway takes are refused: an error that says so, and 1006',
    subjects: ['gateway'],
    async run({ Socket, at }) {
      const names = Array.from({ length: 33 }, (_, index) => `name${index}`);
      const socket = new Socket(at(), names);
      const failed = next(socket, 'error');
      const { code, reason, wasClean } = await next(socket, 'close');
      const { error } = await failed;
      equal([code, reason, wasClean], [1006, '', false]);
      equal([error.code, error.closeCode, /^token\b/.test(error.reason)], ['refused', 4403, true]);
    },
  },
  {
    name: 'establish: path and query reach the server as they were written',
    subjects: ['native', 'gateway'],
    async run({ Socket, at, record }) {
      const url = `${at()}&a=%20b+c&a=2&empty=`;
      await opened(new Socket(url));
      equal((await record('open')).url, url.slice(url.indexOf('/echo')));
    },
  },
  {
    name: 'establish: what the server refuses is an error and then a close with 1006',
    subjects: ['native', 'gateway'],
    async run({ Socket, at }) {
      // The server answers with none of the offered sub-protocols; that counts as refused, too.
      const socket = new Socket(at(), 'unknown');
      const failed = next(socket, 'error');
      const { code, reason, wasClean } = await next(socket, 'close');
      await failed;
      equal([code, reason, wasClean, socket.readyState, socket.protocol], [1006, '', false, 3, '']);
    },
  },
];
