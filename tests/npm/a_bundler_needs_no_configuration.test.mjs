import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { before, test } from 'node:test';

import { temporary, viteBuild, viteServes, webpackBuild } from './support/bundle.mjs';
import { echo } from './support/server.mjs';
import { browse, open, serve } from './support/site.mjs';

let browser, server;

before(async () => {
  [browser, server] = await Promise.all([browse(), echo()]);
});

/** Two clients of a page hear their echoes, and have loaded the wasm once. */
async function talks(url) {
  const { page, problems } = await open(browser, `${url}?server=${server.http}/live`);
  await page.getByText('echo: ahoy from the first').waitFor();
  await page.getByText('echo: ahoy from the second').waitFor();
  const loaded = await page.evaluate(() =>
    performance.getEntriesByType('resource').filter(({ name }) => /\.wasm\b/.test(name)),
  );
  assert.equal(loaded.length, 1, 'the wasm is fetched once');
  assert.deepEqual(problems, []);
  await page.context().close();
}

/** What a bundler put into a folder talks, and the wasm is a file of its own there. */
async function talksFrom(folder) {
  const files = await readdir(folder, { recursive: true });
  assert.equal(files.filter(file => file.endsWith('.wasm')).length, 1, files.join());
  const site = await serve(folder);
  try {
    await talks(`${site.url}/`);
  } finally {
    await site.stop();
  }
}

test('vite builds a page that talks', async context => {
  const folder = await temporary(context);
  await viteBuild('vite', folder);
  await talksFrom(folder);
});

test('the development server of vite serves a page that talks', async context => {
  await talks(await viteServes('vite', context));
});

test('webpack builds a page that talks', async context => {
  const folder = await temporary(context);
  await webpackBuild('webpack', folder);
  await talksFrom(folder);
});

test('a page without a bundler talks', async () => {
  const site = await serve(resolve('.'));
  try {
    await talks(`${site.url}/projects/plain/`);
  } finally {
    await site.stop();
  }
});
