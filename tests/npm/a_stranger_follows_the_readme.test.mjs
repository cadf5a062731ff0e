import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { temporary } from './support/bundle.mjs';
import { blocks } from './support/readme.mjs';
import { echo } from './support/server.mjs';
import { browse, open } from './support/site.mjs';

const run = promisify(execFile);

/** npm finds what these tests have installed in its cache. */
const ENV = { ...process.env, NO_COLOR: '1', npm_config_prefer_offline: 'true', npm_config_audit: 'false' };

/** Starts a command of the README; resolves with the address that it prints. */
async function start(context, command, cwd) {
  const child = spawn('bash', ['-c', command], { cwd, env: ENV, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => {
    process.kill(-child.pid);
    return once(child, 'exit');
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [address] = /http:\S+/.exec(line) ?? [];
    if (address) {
      child.stdout.resume();
      return address;
    }
  }
  throw new Error(`${command} printed no address`);
}

test('a stranger gets from an empty folder to an echo, by each transport and through a cut', async context => {
  const [server, browser, folder] = await Promise.all([echo(), browse(), temporary(context)]);
  context.after(() => Promise.all([server.stop(), browser.close()]));
  const named = Object.fromEntries((await blocks()).map(({ name, code }) => [name, code]));
  const here = text => text.replaceAll('127.0.0.1:5000', new URL(server.http).host);
  const { stdout } = await run('npm', [
    'pack',
    '--silent',
    '--pack-destination',
    folder,
    resolve('node_modules/tidewire'),
  ]);

  const install = named.install.replace('install tidewire', `install ./${stdout.trim()}`);
  assert.notEqual(install, named.install);
  await run('bash', ['-ec', install], { cwd: folder, env: ENV });
  for (const file of ['index.html', 'main.js']) {
    await writeFile(join(folder, file), here(named[file]));
  }
  const address = await start(context, named.serve, folder);

  const byTransport = {};
  for (const transport of ['websocket', 'long-polling', 'polling']) {
    const query = transport === 'websocket' ? '' : `?transport=${transport}`;
    const { page } = await open(browser, `${address}${query}`);
    await page.getByText('echo: ahoy').waitFor();
    await page.getByText(`by ${transport}`, { exact: true }).waitFor();
    byTransport[transport] = page;
  }
  const page = byTransport.websocket;
  await run('bash', ['-ec', here(named.cut)]);
  await page.getByText('resumed').waitFor();
  await page.click('html');
  await page.getByText('echo: ahoy').nth(1).waitFor();
  assert.equal(await page.getByText('echo: ahoy').count(), 2);
});
