// Firefox, driven by geckodriver over the WebDriver protocol: the few commands that the tests need.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { atEnd } from './end.mjs';

/** Why tests in Firefox are skipped; false where they run. `cargo xtask test` hands the driver over, and has it in CI. */
export const missing = process.env.GECKODRIVER ? false : 'GECKODRIVER names no driver of Firefox';

/** Starts Firefox with one window. */
export async function firefox() {
  const driver = spawn(process.env.GECKODRIVER, ['--port', '0', '--websocket-port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let session;
  atEnd(async () => {
    if (session) {
      // The driver ends its browser when asked to, and not when it is killed.
      await command('DELETE', session);
    }
    if (driver.exitCode === null && driver.signalCode === null) {
      driver.kill();
      await once(driver, 'exit');
    }
  });
  const at = await Promise.race([
    address(driver.stdout),
    once(driver, 'exit').then(([code]) => Promise.reject(new Error(`geckodriver ended with ${code}`))),
  ]);
  const { sessionId } = await command('POST', `${at}/session`, { capabilities: { alwaysMatch: CAPABILITIES } });
  session = `${at}/session/${sessionId}`;
  return {
    /** Opens a page, and comes back when it is loaded. */
    goto: url => command('POST', `${session}/url`, { url }),
    /** What a function returns in the page, also by a promise. It knows nothing but its arguments. */
    evaluate: (run, ...args) =>
      command('POST', `${session}/execute/sync`, { script: `return (${run})(...arguments)`, args }),
  };
}

const CAPABILITIES = {
  'moz:firefoxOptions': { args: ['-headless'], prefs: { 'app.update.enabled': false } },
};

async function address(output) {
  for await (const line of createInterface({ input: output })) {
    const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port) {
      output.resume();
      return `http://127.0.0.1:${port}`;
    }
  }
  throw new Error('geckodriver named no port');
}

async function command(method, url, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const { value } = await answer.json();
  if (!answer.ok) {
    throw new Error(`${value.error}: ${value.message}`);
  }
  return value;
}
