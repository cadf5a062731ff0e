// `Retry-After` (RFC 9110 section 10.2.3) as a client reads it off a real answer, in a page and in Node.
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { before, test } from 'node:test';

import { Client } from 'tidewire';

import { browse, open, serve } from './support/site.mjs';
import { next } from './support/wait.mjs';

/** Without advice the first delay is drawn below this. */
const BACKOFF = 500;

const POLLING = { transports: ['polling'], timings: { backoffBase: BACKOFF } };

let site, browser;

/** What the proxy before a server that is not there answers next. */
let answer;

before(async () => {
  const refuse = (_request, response) => response.writeHead(answer.status, answer.headers()).end();
  [site, browser] = await Promise.all([serve(resolve('.'), {}, refuse), browse()]);
});

const ADVICE = [
  { what: 'seconds', status: 503, headers: () => ({ 'retry-after': '2' }), least: 2_000, most: 2_500, code: 4503 },
  { what: 'a limit', status: 429, headers: () => ({ 'retry-after': '1' }), least: 1_000, most: 1_250, code: 4429 },
  // Whole seconds, cut, and the way here, which may be long on a busy machine.
  { what: 'a date', status: 503, headers: () => inSeconds(20), least: 10_000, most: 25_000, code: 4503 },
  { what: 'a date that is past', status: 503, headers: () => inSeconds(-60), least: 0, most: BACKOFF, code: 1006 },
  { what: 'neither', status: 503, headers: () => ({ 'retry-after': 'soon' }), least: 0, most: BACKOFF, code: 1006 },
  { what: 'no advice', status: 503, headers: () => ({}), least: 0, most: BACKOFF, code: 1006 },
];

function inSeconds(seconds) {
  return { 'retry-after': new Date(Date.now() + seconds * 1_000).toUTCString() };
}

for (const advice of ADVICE) {
  const { what, least, most, code } = advice;
  const check = ({ delay, closeCode }) => {
    assert.equal(closeCode, code);
    assert.ok(delay >= least && delay <= most, `${delay} ms`);
  };

  test(`${what}: in a page`, async () => {
    answer = advice;
    const { page } = await open(browser, `${site.url}/pages/client/session.html`);
    await page.waitForFunction(() => 'begin' in globalThis);
    await page.evaluate(options => begin('/live', options), POLLING);
    check(await page.evaluate(() => delayed()));
    await page.close();
  });

  test(`${what}: in Node`, async () => {
    answer = advice;
    const client = new Client(`${site.url}/live`, POLLING);
    const { delay, error } = await next(client, 'retry');
    client.close();
    check({ delay, closeCode: error.closeCode });
  });
}
