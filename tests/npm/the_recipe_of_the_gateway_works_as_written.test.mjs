import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { temporary } from './support/bundle.mjs';
import { startProxy } from './support/proxy.mjs';
import { blocks } from './support/readme.mjs';
import { gateway } from './support/server.mjs';
import { browse, open, serve } from './support/site.mjs';
import { until } from './support/wait.mjs';

/** What the document starts; here it is built already. */
const COMMAND = /^cargo run --release -p tidewire-gateway -- --listen (\S+) --backend (\S+)\n$/;

/** How long the cable is out, in milliseconds. */
const SOME_SECONDS = 3_000;

/** A port that nobody uses, where the document has one that somebody may. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs the document's server; what it prints comes back as it grows. */
async function startServer(context, folder, code, command) {
  await writeFile(join(folder, 'server.mjs'), code);
  const child = spawn('bash', ['-c', `exec ${command}`], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => {
    child.kill();
    return once(child, 'exit');
  });
  const printed = [];
  createInterface({ input: child.stdout }).on('line', line => printed.push(line));
  return printed;
}

/** Whether somebody listens there. */
async function answers(port) {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}

/** A page with the document's lines, which notes what it says; `heard` is what it printed. */
async function openPage(context, folder, code) {
  const html = `<!doctype html><title>The recipe</title><link rel="icon" href="data:,">
    <script type="importmap">{ "imports": { "tidewire": "/node_modules/tidewire/dist/index.js" } }</script>
    <script type="module">${code}</script>`;
  await writeFile(join(folder, 'index.html'), html);
  const [site, browser] = await Promise.all([serve(folder), browse()]);
  context.after(() => Promise.all([site.stop(), browser.close()]));
  const { page, problems } = await open(browser, 'about:blank');
  await page.addInitScript(() => {
    const { toISOString } = Date.prototype;
    globalThis.said = [];
    Date.prototype.toISOString = function () {
      const text = toISOString.call(this);
      said.push(text);
      return text;
    };
  });
  const heard = [];
  page.on('console', message => message.type() === 'log' && heard.push(message.text()));
  await page.goto(`${site.url}/`);
  return { page, heard, problems };
}

test('a pulled cable costs neither a message nor a connection, and the page that closes is heard', async context => {
  const folder = await temporary(context);
  // In place of `npm install`.
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  const steps = (await blocks('../../docs/GATEWAY.md')).filter(({ language }) => language !== 'text');
  const [server, runServer, runGateway, page] = steps.map(({ code }) => code);
  const port = await freePort();
  const printed = await startServer(context, folder, server.replace('1234', port), runServer);
  await until(() => answers(port));

  const [, listen, backend] = COMMAND.exec(runGateway);
  const front = await gateway({ backend: backend.replace('1234', port) });
  const cable = await startProxy(front);
  const { page: shown, heard } = await openPage(context, folder, page.replace(`ws://${listen}`, cable.ws));
  await until(() => heard.length >= 2);

  cable.down();
  await delay(SOME_SECONDS);
  const before = heard.length;
  cable.up();
  await until(() => heard.length > before + SOME_SECONDS / 1_000);
  const said = await shown.evaluate(() => said);
  assert.deepEqual(heard, said.slice(0, heard.length), 'each once and in order');
  assert.deepEqual(printed, ['connected /path 127.0.0.1']);

  await shown.close({ runBeforeUnload: true });
  await until(() => printed.length > 1);
  assert.deepEqual(printed.slice(1), ['closed 1001 ']);
});
