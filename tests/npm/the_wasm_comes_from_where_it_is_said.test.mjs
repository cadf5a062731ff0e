import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { before, test } from 'node:test';

import { echo } from './support/server.mjs';
import { browse, open, serve } from './support/site.mjs';

const WASM = '/node_modules/tidewire/dist/tidewire.wasm';

let browser, server, site;

before(async () => {
  [browser, server, site] = await Promise.all([browse(), echo(), serve(resolve('.'))]);
});

/** An empty page of a site, and what is asked of it for wasm. */
async function visit(context, { url } = site) {
  const { page, problems } = await open(browser, `${url}/projects/plain/empty.html`);
  context.after(() => page.context().close());
  const asked = [];
  page.on('request', request => request.url().includes('.wasm') && asked.push(new URL(request.url()).pathname));
  return { page, problems, asked };
}

/** A client in the page, with options that the page evaluates; how its first echo or its end came. */
function tryClient(page, wasm = 'undefined') {
  return page.evaluate(
    async ([url, wasm]) => {
      const { Client } = await import('/node_modules/tidewire/dist/index.js');
      const client = new Client(url, { wasm: eval(wasm) });
      const tries = [];
      client.addEventListener('retry', ({ error, delay }) => tries.push({ code: error.code, delay }));
      client.send('ahoy');
      const { value } = await client[Symbol.asyncIterator]().next();
      client.close();
      const { error } = await client.closed;
      return { value, tries, error: error && { name: error.name, code: error.code, message: error.message } };
    },
    [`${server.http}/live`, wasm],
  );
}

for (const [what, wasm] of Object.entries({
  'a URL': `'${WASM}'`,
  'an answer': `fetch('${WASM}')`,
  bytes: `fetch('${WASM}').then(answer => answer.arrayBuffer())`,
  'a module': `WebAssembly.compileStreaming(fetch('${WASM}'))`,
  'a function': `() => WebAssembly.compileStreaming(fetch('${WASM}'))`,
  'a promise': `Promise.resolve(new URL('${WASM}', location.href))`,
})) {
  test(`the wasm is handed over as ${what}`, async context => {
    const { page, problems, asked } = await visit(context);
    const { value } = await tryClient(page, wasm);
    assert.equal(value, 'ahoy');
    assert.deepEqual(asked, [WASM]);
    assert.deepEqual(problems, []);
  });
}

test('importing the package loads no wasm', async context => {
  const { page, asked } = await visit(context);
  await page.evaluate(() => import('/node_modules/tidewire/dist/index.js'));
  await page.waitForLoadState('networkidle');
  assert.deepEqual(asked, []);
});

test('a wasm that was missing is asked for again', async context => {
  const { page, asked } = await visit(context);
  let times = 0;
  await page.route(`**${WASM}`, route => (times++ ? route.fallback() : route.fulfill({ status: 404 })));
  const { value, tries } = await tryClient(page);
  assert.equal(value, 'ahoy');
  assert.deepEqual(tries, [{ code: 'wasm', delay: 1000 }]);
  assert.equal(asked.length, 2);
});

test('a function is asked again for a wasm that was missing', async context => {
  const { page } = await visit(context);
  let times = 0;
  await page.route(`**${WASM}`, route => (times++ ? route.fallback() : route.abort()));
  const { value, tries } = await tryClient(page, `() => fetch('${WASM}')`);
  assert.equal(value, 'ahoy');
  assert.deepEqual(tries, [{ code: 'wasm', delay: 1000 }]);
});

for (const [what, wasm] of Object.entries({
  'a promise that failed': `fetch('${WASM}')`,
  'an answer that was read': `new Response('read').text().then(() => used)`,
  'what is no source': '5',
})) {
  test(`${what} closes the client, since it stays what it is`, async context => {
    const { page } = await visit(context);
    await page.route(`**${WASM}`, route => route.abort());
    await page.evaluate(async () => await (globalThis.used = new Response('')).text());
    const { value, tries, error } = await tryClient(page, wasm);
    assert.deepEqual([value, tries], [undefined, []]);
    assert.equal(error.code, 'wasm');
    assert.match(error.message, /say by the option `wasm` where it is/);
  });
}

test("a client's own source counts where that of another failed", async context => {
  const { page } = await visit(context);
  const heard = await page.evaluate(
    async ([url, wasm]) => {
      const { Client } = await import('/node_modules/tidewire/dist/index.js');
      const lost = new Client(url, { wasm: '/missing.wasm' });
      const own = new Client(url, { wasm: fetch(wasm) });
      own.send('ahoy');
      const { value } = await own[Symbol.asyncIterator]().next();
      own.close();
      lost.close();
      return value;
    },
    [`${server.http}/live`, WASM],
  );
  assert.equal(heard, 'ahoy');
});

test('what is no wasm closes the client with advice', async context => {
  const { page } = await visit(context);
  await page.route(`**${WASM}`, route => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  const { value, error } = await tryClient(page);
  assert.equal(value, undefined);
  assert.equal(error.name, 'ConnectionError');
  assert.equal(error.code, 'wasm');
  assert.match(error.message, /let the server answer with the package's tidewire\.wasm/);
});

/** A client in a page whose scripts are restricted; how its first echo or its end came. */
async function underPolicy(context, scripts) {
  const policed = await serve(resolve('.'), {
    'content-security-policy': `default-src 'none'; script-src ${scripts}; connect-src 'self' ${server.http} ${server.ws}`,
  });
  context.after(() => policed.stop());
  const { page } = await visit(context, policed);
  return page.evaluate(async url => {
    const { Client } = await import('/node_modules/tidewire/dist/index.js');
    const client = new Client(url);
    client.send('ahoy');
    const { value } = await client[Symbol.asyncIterator]().next();
    client.close();
    const { error } = await client.closed;
    return { value, transport: client.transport, error: error && { code: error.code, message: error.message } };
  }, `${server.http}/live`);
}

test(`a strict policy with 'wasm-unsafe-eval' is enough`, async context => {
  const { value, error } = await underPolicy(context, "'self' 'wasm-unsafe-eval'");
  assert.equal(value, 'ahoy');
  assert.equal(error, undefined);
});

test('a policy that forbids wasm closes the client with advice', async context => {
  const { value, error } = await underPolicy(context, "'self'");
  assert.equal(value, undefined);
  assert.equal(error.code, 'wasm');
  assert.match(error.message, /add 'wasm-unsafe-eval' to `script-src`/);
});
