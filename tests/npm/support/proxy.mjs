// A TCP proxy that breaks connections: at bytes drawn from a seed, on order, or by what it thinks of Upgrade.
import { connect, createServer } from 'node:net';

import { atEnd } from './end.mjs';

/** A number from 0 to 1, the next of a seed (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A proxy in front of `server`. Each connection is cut after so many bytes, drawn from `fewest` to `most`, while
 * `cutting`. The seed is printed; `TIDEWIRE_SEED` repeats one.
 *
 * `upgrade` is what happens to a request for a WebSocket: `pass`, `refuse` (403), `strip` (the request loses its
 * wish), `swallow` (nobody ever answers).
 */
export async function startProxy(server, { fewest = 500, most = 8_000, upgrade = 'pass' } = {}) {
  const seed = Number(process.env.TIDEWIRE_SEED ?? Math.floor(Math.random() * 2 ** 32));
  const draw = random(seed);
  const target = new URL(server.http);
  const open = new Set();
  /** Each end of each connection, until it has closed: of a pair that is no longer open, one may still wait to be read. */
  const ends = new Set();
  const proxy = { cutting: false, cuts: 0, refusals: 0 };
  let isDown = false;

  function cut(pair) {
    if (open.delete(pair)) {
      proxy.cuts++;
      for (const socket of pair) {
        // Half of the cuts look orderly to TCP.
        draw() < 0.5 ? socket.resetAndDestroy() : socket.destroy();
      }
    }
  }

  function pump(pair, from, to, budget, begin) {
    from.on('data', chunk => {
      const data = begin ? begin(chunk) : chunk;
      begin = undefined;
      if (!data) {
        return;
      }
      budget.left -= proxy.cutting ? data.length : 0;
      if (budget.left > 0) {
        if (!to.write(data)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      } else {
        // The last bytes end in the middle of what was said.
        to.write(data.subarray(0, Math.max(0, data.length + budget.left)), () => cut(pair));
      }
    });
    from.on('error', () => to.destroy());
    from.on('end', () => to.end());
    from.on('close', () => {
      open.delete(pair);
      to.destroySoon();
    });
  }

  const listener = createServer({ allowHalfOpen: true }, near => {
    if (isDown) {
      near.on('error', () => {}).resetAndDestroy();
      return;
    }
    const far = connect({ port: Number(target.port), host: target.hostname, allowHalfOpen: true });
    const pair = [near, far];
    for (const end of pair) {
      ends.add(end);
      end.on('close', () => ends.delete(end));
    }
    const budget = { left: fewest + Math.floor(draw() * (most - fewest)) };
    open.add(pair);
    pump(pair, near, far, budget, first => {
      const head = first.toString('latin1');
      if (upgrade === 'pass' || !/^upgrade: *websocket/im.test(head)) {
        return first;
      }
      proxy.refusals++;
      if (upgrade === 'refuse') {
        near.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      }
      return upgrade === 'strip' ? Buffer.from(head.replace(/^(upgrade|connection):.*\r\n/gim, ''), 'latin1') : undefined;
    });
    pump(pair, far, near, budget);
  });
  await new Promise(resolve => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address();
  function stop() {
    const isClosed = new Promise(resolve => listener.close(resolve));
    ends.forEach(end => end.destroy());
    return isClosed;
  }
  atEnd(stop);
  return Object.assign(proxy, {
    http: `http://127.0.0.1:${port}`,
    ws: `ws://127.0.0.1:${port}`,
    seed,
    /** Cuts every connection, and lets none come about until `up`. */
    down() {
      isDown = true;
      [...open].forEach(cut);
    },
    up() {
      isDown = false;
    },
    stop,
  });
}
