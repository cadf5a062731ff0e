// graphql-ws as its users have it, with another class for its sockets.
import { createClient } from 'graphql-ws';
import { TidewireSocket } from 'tidewire';

const seen = { connecting: 0, connected: 0, closed: 0, error: 0, numbers: [], asked: 0, answers: [] };

const client = createClient({
  url: new URLSearchParams(location.search).get('url'),
  // Comes back soon, since the test cuts often.
  webSocketImpl: TidewireSocket.with({ timings: { backoffBase: 20, backoffCap: 100 } }),
});
for (const event of ['connecting', 'connected', 'closed', 'error']) {
  client.on(event, () => seen[event]++);
}

/** Resolves when the subscription ends. */
const counted = new Promise((resolve, reject) =>
  client.subscribe(
    { query: 'subscription { count }' },
    { next: ({ data }) => seen.numbers.push(data.count), error: reject, complete: resolve },
  ),
);

/** Asks without waiting for the last answer, until `asking` is false; resolves when all are answered. */
async function ask() {
  globalThis.asking = true;
  const queries = [];
  while (asking) {
    const of = seen.asked++;
    queries.push(
      new Promise((resolve, reject) =>
        client.subscribe(
          { query: 'query ($of: Int!) { double(of: $of) }', variables: { of } },
          { next: ({ data }) => seen.answers.push([of, data.double]), error: reject, complete: resolve },
        ),
      ),
    );
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  await Promise.all(queries);
}

Object.assign(globalThis, { seen, counted, ask });
