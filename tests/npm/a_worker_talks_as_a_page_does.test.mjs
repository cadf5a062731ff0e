import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { temporary, viteBuild, viteServes, webpackBuild } from './support/bundle.mjs';
import { echo } from './support/server.mjs';
import { browse, open, serve } from './support/site.mjs';

let browser, server;

before(async () => {
  [browser, server] = await Promise.all([browse(), echo()]);
});

async function talks(url) {
  const { page, problems } = await open(browser, `${url}?server=${server.http}/live`);
  await page.getByText('shared worker: ahoy', { exact: true }).waitFor();
  await page.getByText('worker: ahoy', { exact: true }).waitFor();
  assert.deepEqual(problems, []);
  await page.context().close();
}

for (const [bundler, bundle] of Object.entries({ vite: viteBuild, webpack: webpackBuild })) {
  test(`workers that ${bundler} built talk`, async context => {
    const folder = await temporary(context);
    await bundle('workers', folder);
    const site = await serve(folder);
    try {
      await talks(`${site.url}/`);
    } finally {
      await site.stop();
    }
  });
}

test('workers of the development server of vite talk', async context => {
  await talks(await viteServes('workers', context));
});
