// The servers of the workspace, each as the child of one test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { atEnd } from './end.mjs';
import { until } from './wait.mjs';

/** A program of the workspace that prints `listening on ADDRESS` first; `env` names its path. */
async function start(variable, args) {
  const program = process.env[variable];
  if (!program) {
    throw new Error(`${variable} names no program: run \`cargo xtask test --only npm\``);
  }
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const said = [];
  lines.on('line', line => said.push(line));
  const [line] = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${variable} ended with ${code}`))),
  ]);
  const http = line.slice(line.indexOf('http'));
  const server = {
    /** `http://127.0.0.1:PORT` */
    http,
    /** `ws://127.0.0.1:PORT` */
    ws: http.replace('http', 'ws'),
    /** What a gateway with `--metrics` counts under this name, without labels. */
    async metric(name) {
      await until(() => said.length > 1);
      const page = await (await fetch(said[1].slice(said[1].indexOf('http')))).text();
      return Number(new RegExp(`^tidewire_gateway_${name} (.*)$`, 'm').exec(page)[1]);
    },
    /** Ends it gracefully, or at once. */
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, 'exit');
      }
    },
  };
  atEnd(() => server.stop('SIGKILL'));
  return server;
}

/** An echo server with faults; `listen` keeps an address over a restart. */
export function echo({ listen = '127.0.0.1:0', args = [] } = {}) {
  return start('TIDEWIRE_ECHO', ['--listen', listen, '--faults', '--log', 'error', ...args]);
}

/** A gateway in front of a WebSocket server. */
export function gateway({ backend, listen = '127.0.0.1:0', args = [] }) {
  return start('TIDEWIRE_GATEWAY', ['--listen', listen, '--backend', backend, '--log', 'error', ...args]);
}

/** Breaks an echo server: `fault(server, 'cut')`, `fault(server, 'cut-messages', { every: 9 })`. See `tidewire-echo --help`. */
export async function fault(server, name, settings = {}) {
  const answer = await fetch(`${server.http}/faults/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });
  if (!answer.ok) {
    throw new Error(`fault ${name}: ${answer.status} ${await answer.text()}`);
  }
}
