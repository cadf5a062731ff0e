// Run by .ci/run behind `wasm-pack build crates/tidewire-js --target web`, whose output it loads.
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';

import { echo } from '../support/server.mjs';
import { browse, open, serve } from '../support/site.mjs';

test('the class that wasm-pack builds for the web connects and is echoed', async () => {
  const [sessions, site, browser] = await Promise.all([echo(), serve(resolve('../..')), browse()]);
  const { page, problems } = await open(browser, `${site.url}/tests/npm/wasm-pack/`);
  const told = await page.evaluate(url => talk(url, 'ahoy', [0, 255]), `${sessions.http}/live`);
  // 0: as the application asked.
  assert.deepEqual(told, { messages: ['ahoy', [0, 255]], numbers: [1, 2], cause: 0, wasOpen: true });
  assert.deepEqual(problems, []);
});
