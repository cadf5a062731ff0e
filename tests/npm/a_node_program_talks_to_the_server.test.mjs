import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, test } from 'node:test';
import { promisify } from 'node:util';

import { echo } from './support/server.mjs';

const node = promisify(execFile);

let server;

before(async () => {
  server = await echo();
});

/** Runs a program of its own, which has the package and the server's URL; returns what it printed. */
async function run(program, first = '') {
  const source = `
    ${first}
    const { Client, TidewireSocket, json } = await import('tidewire');
    const url = '${server.http}/live';
    ${program}`;
  const { stdout } = await node(process.execPath, ['--input-type=module', '--eval', source], { timeout: 20_000 });
  return stdout.trim();
}

const ECHO = `
  const client = new Client(url, { codec: json });
  await client.send({ text: 'ahoy' }).acknowledged;
  for await (const { text } of client) {
    console.log(text, client.transport);
    break;
  }
  client.close(3000, 'done');
  const { code, reason, error } = await client.closed;
  console.log(code, reason, error);`;

test('importing the package does nothing, and the program ends by itself', async () => {
  assert.equal(await run('console.log(typeof Client, typeof TidewireSocket)'), 'function function');
});

test('a program without a global WebSocket talks over HTTP', async () => {
  const printed = await run(ECHO, 'delete globalThis.WebSocket;');
  assert.equal(printed, 'ahoy long-polling\n3000 done undefined');
});

test('a program with a global WebSocket talks by it', async () => {
  const printed = await run(ECHO, `globalThis.WebSocket = (await import('ws')).WebSocket;`);
  assert.equal(printed, 'ahoy websocket\n3000 done undefined');
});

test('a program that renders pages on a server makes a client of a relative URL only in browsers', async () => {
  const printed = await run(`try { new Client('/live') } catch (error) { console.log(error.name, error.code) }`);
  assert.equal(printed, 'ConfigurationError url');
});
