import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startBackend } from './support/backend.mjs';
import { echo, gateway } from './support/server.mjs';
import { browse, open, serve } from './support/site.mjs';

let backend, front, sessions, site, browser;

before(async () => {
  backend = await startBackend();
  [front, sessions, site, browser] = await Promise.all([
    gateway({ backend: `${backend.ws}/echo` }),
    echo(),
    serve(fileURLToPath(new URL('.', import.meta.url))),
    browse(),
  ]);
});

/** A page of this test, with the addresses of the WebSockets that its browser really opened. */
async function visit(context, name) {
  const opened = [];
  const place = `${front.ws}/echo`;
  const { page, problems } = await open(browser, 'about:blank');
  context.after(() => page.context().close());
  page.on('websocket', socket => opened.push(socket.url()));
  await page.goto(`${site.url}/pages/in-place/${name}?at=${encodeURIComponent(place)}`);
  return { page, problems, opened, place };
}

/** Says something to what echoes at an address, by the class that an expression of the page gives. */
function talk(page, expression, ...given) {
  return page.evaluate(
    ([expression, given]) =>
      new Promise((resolve, reject) => {
        const Class = globalThis.eval(expression);
        const socket = new Class(...given);
        socket.onopen = () => socket.send('ahoy');
        socket.onmessage = ({ data }) => {
          resolve({ data, protocol: socket.protocol, isInstance: socket instanceof Class });
        };
        socket.onclose = ({ code, reason }) => reject(new Error(`closed: ${code} ${reason}`));
      }),
    [expression, given],
  );
}

test('a classic script behind the standalone one makes its sockets at once', async context => {
  const { page, problems, opened, place } = await visit(context, 'classic.html');
  assert.deepEqual(await page.evaluate(() => globalThis.heard), { data: 'ahoy', protocol: 'first' });
  assert.equal(await page.evaluate(() => globalThis.Replaced !== globalThis.Native), true);
  assert.equal(await page.evaluate(() => globalThis.Replaced === globalThis.WebSocket), true);
  assert.deepEqual([...new Set(opened)], [place]);
  assert.deepEqual(problems, []);
});

test('the carriers of the standalone script are sockets of the browser', async context => {
  const { page, opened, place } = await visit(context, 'classic.html');
  await page.evaluate(() => globalThis.heard);
  opened.length = 0;
  const { data } = await talk(page, "WebSocket.with({ transports: ['websocket'] })", place);
  assert.equal(data, 'ahoy');
  // Were they the class itself, each carrier would want one of its own.
  assert.deepEqual(opened, [place]);
});

test('the browser’s own class stays at hand', async context => {
  for (const name of ['classic.html', 'module.html']) {
    const { page } = await visit(context, name);
    const isNative = await page.evaluate(() => [
      globalThis.WebSocket.plain === globalThis.Native,
      globalThis.WebSocket.with({ server: 'plain' }) === globalThis.Native,
      globalThis.WebSocket === globalThis.Native,
    ]);
    assert.deepEqual(isNative, [true, true, false], name);
    const { data } = await talk(page, 'WebSocket.plain', `${backend.ws}/echo`);
    assert.equal(data, 'ahoy');
  }
});

test('a module may put the class in its place', async context => {
  const { page, problems, opened, place } = await visit(context, 'module.html');
  const said = await talk(page, 'WebSocket', place, ['first', 'second']);
  assert.deepEqual(said, { data: 'ahoy', protocol: 'first', isInstance: true });
  assert.deepEqual([...new Set(opened)], [place]);
  assert.deepEqual(problems, []);
});

test('a page that brings the package twice has one session, not one within another', async context => {
  const { page, opened, place } = await visit(context, 'twice.html');
  assert.equal(await page.evaluate(() => globalThis.TidewireSocket.plain === globalThis.Native), true);
  const { data } = await talk(page, "TidewireSocket.with({ transports: ['websocket'] })", place);
  assert.equal(data, 'ahoy');
  assert.deepEqual(opened, [place]);
});

test('a class with options is made and recognized as WebSocket is', async context => {
  const { page, place } = await visit(context, 'module.html');
  await page.evaluate(() => {
    globalThis.Gateway = TidewireSocket.with({ transports: ['websocket'] });
    globalThis.Session = globalThis.Gateway.with({ server: 'tidewire' });
  });
  const said = await talk(page, 'Gateway', place, ['first', 'second']);
  assert.deepEqual(said, { data: 'ahoy', protocol: 'first', isInstance: true });
  const session = await talk(page, 'Session', `${sessions.ws}/live`);
  assert.deepEqual(session, { data: 'ahoy', protocol: '', isInstance: true });
  const isInstance = await page.evaluate(place => {
    const { Gateway, Session } = globalThis;
    const [own, plain] = [new Session(place), new TidewireSocket(place)];
    return [own instanceof Gateway, own instanceof TidewireSocket, plain instanceof Gateway];
  }, place);
  assert.deepEqual(isInstance, [true, true, false]);
});

test('an option that no class can have is told when the class is made', async context => {
  const { page } = await visit(context, 'module.html');
  for (const options of [{ server: 'other' }, { transports: ['pigeon'] }, { awayTimeout: -1 }, { awayTimeout: NaN }]) {
    const told = await page.evaluate(options => {
      try {
        TidewireSocket.with(options);
        return 'nothing was thrown';
      } catch (error) {
        return [error instanceof ConfigurationError, error.code];
      }
    }, options);
    assert.deepEqual(told, [true, 'option'], JSON.stringify(options));
  }
});
