import { Client } from '/node_modules/tidewire/dist/index.js';

/** Comes back soon, since these tests cut. */
const BRISK = { backoffBase: 20, backoffCap: 100 };

let client, messages, resumed;

/** Connects the client that the test talks about. */
globalThis.begin = (url, options) => {
  client = new Client(url, { timings: BRISK, ...options });
  messages = client[Symbol.asyncIterator]();
  resumed = new Promise(resolve => client.addEventListener('resumed', () => resolve(client.verdict), { once: true }));
};

/** Sends a text, and resolves to the next message and how it came. */
globalThis.echoed = async text => {
  client.send(text);
  const { value } = await messages.next();
  return [value, client.transport];
};

/** Resolves once the session went on after a cut. */
globalThis.resumed = () => resumed;

globalThis.ended = async () => {
  client.close(1000, 'done');
  const { code, reason } = await client.closed;
  return [code, reason];
};
