// A TCP proxy that cuts what passes it, at moments drawn from a seed.
import { connect, createServer } from 'node:net';

/** The shortest and the longest life of a connection while the proxy cuts, in milliseconds. */
const SHORTEST = 5;
const LONGEST = 250;

/** Numbers from 0 to 1 that follow from a seed: a linear congruential generator of 32 bits. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * A proxy in front of `server`. While `cutting`, each connection is reset after a time of its own; `cuts` counts
 * them. `TIDEWIRE_SEED` repeats the `seed` of another run.
 */
export async function startCuttingProxy(server) {
  const seed = Number(process.env.TIDEWIRE_SEED ?? Math.floor(Math.random() * 2 ** 32));
  const random = randomFrom(seed);
  const target = new URL(server.http);
  /** Each connection by what ends it. */
  const open = new Set();
  let isCutting = false;
  let cuts = 0;

  function doom(end) {
    const life = SHORTEST + random() * (LONGEST - SHORTEST);
    setTimeout(() => {
      if (isCutting && open.has(end)) {
        cuts++;
        end();
      }
    }, life).unref();
  }

  const listener = createServer({ noDelay: true }, near => {
    const far = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
    const end = () => {
      open.delete(end);
      near.resetAndDestroy();
      far.resetAndDestroy();
    };
    open.add(end);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.pipe(to);
      // An error is followed by `close`, and the other side then ends too.
      from.on('error', () => {});
      from.on('close', () => {
        open.delete(end);
        to.destroy();
      });
    }
    if (isCutting) {
      doom(end);
    }
  });
  await new Promise(resolve => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address();
  return {
    ws: `ws://127.0.0.1:${port}`,
    seed,
    get cuts() {
      return cuts;
    },
    set cutting(wish) {
      isCutting = wish;
      if (wish) {
        open.forEach(doom);
      }
    },
    stop() {
      open.forEach(end => end());
      return new Promise(resolve => listener.close(resolve));
    },
  };
}
