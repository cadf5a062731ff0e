// What a page says with the class of the wasm, and what it must hear.
import assert from 'node:assert/strict';

import { echo } from '../support/server.mjs';
import { browse, open, serve } from '../support/site.mjs';

/** The page at a path of a folder has a function `talk`; its messages come back, and it closes as it asked. */
export async function talks(folder, path) {
  const [sessions, site, browser] = await Promise.all([echo(), serve(folder), browse()]);
  const { page, problems } = await open(browser, `${site.url}/${path}`);
  await page.waitForFunction(() => 'talk' in globalThis);
  const told = await page.evaluate(url => talk(url, 'ahoy', [0, 255]), `${sessions.http}/live`);
  // 0: as the application asked.
  assert.deepEqual(told, { messages: ['ahoy', [0, 255]], numbers: [1, 2], cause: 0, wasOpen: true });
  assert.deepEqual(problems, []);
}
