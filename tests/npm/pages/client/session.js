import { Client } from '/node_modules/tidewire/dist/index.js';

/** Comes back soon, since these tests cut. */
const BRISK = { backoffBase: 20, backoffCap: 100 };

let client, messages, resumed, retry;

/** Connects the client that the test talks about. */
globalThis.begin = (url, options) => {
  client = new Client(url, { timings: BRISK, ...options });
  messages = client[Symbol.asyncIterator]();
  retry = new Promise(resolve => client.addEventListener('retry', resolve, { once: true }));
  resumed = new Promise(resolve => client.addEventListener('resumed', () => resolve(client.verdict), { once: true }));
};

/** Sends a text, and resolves to the next message and how it came. */
globalThis.echoed = async text => {
  client.send(text);
  const { value } = await messages.next();
  return [value, client.transport];
};

/** Resolves to the first delay before another attempt, and the code of what it answers. */
globalThis.delayed = async () => {
  const { delay, error } = await retry;
  return { delay, closeCode: error.closeCode };
};

/** Resolves once the session went on after a cut. */
globalThis.resumed = () => resumed;

globalThis.ended = async () => {
  client.close(1000, 'done');
  const { code, reason } = await client.closed;
  return [code, reason];
};
