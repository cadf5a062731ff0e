// A web server for one folder, and the browser that visits it.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

import { chromium } from 'playwright-core';

import { atEnd } from './end.mjs';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/**
 * Serves a folder on a port of its own, with further headers where they are given. Requests other than GET go to `answer`.
 */
export async function serve(folder, headers = {}, answer = refuse) {
  const server = createServer(async (request, response) => {
    if (request.method !== 'GET') {
      answer(request, response);
      return;
    }
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://a').pathname));
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
    const found = await stat(file).then(
      entry => entry.isFile(),
      () => false,
    );
    if (!found) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', ...headers });
    createReadStream(file).pipe(response);
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise(resolve => {
      server.close(resolve);
      server.closeAllConnections();
    });
  atEnd(stop);
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

function refuse(_request, response) {
  response.writeHead(405).end();
}

/** Starts Chromium. */
export async function browse() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      // Pages for the address bar of each window, which nobody looks at: more than half of the work of opening one. This takes
      // the place of Playwright's own list, of which these tests need nothing.
      '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup',
    ],
  });
  atEnd(() => browser.close());
  return browser;
}

/** Opens a page whose errors fail the test that opened it: `problems` collects them. */
export async function open(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', error => problems.push(String(error)));
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') {
      problems.push(message.text());
    }
  });
  await page.goto(url);
  return { page, problems };
}
