import { TidewireSocket } from '/node_modules/tidewire/dist/index.js';

/** Comes back soon, since these tests cut often. */
const BRISK = { backoffBase: 20, backoffCap: 100 };

/** Opens the socket that the test talks about, and notes its events. */
globalThis.begin = (url, protocols, options) => {
  const Socket = TidewireSocket.with({ timings: BRISK, ...options });
  const socket = new Socket(url, protocols);
  const seen = { types: [], messages: [], close: null, error: null };
  for (const type of ['open', 'error', 'close']) {
    socket.addEventListener(type, () => seen.types.push(type));
  }
  socket.binaryType = 'arraybuffer';
  socket.onmessage = ({ data }) => seen.messages.push(data);
  socket.onerror = ({ error }) => (seen.error = error.code);
  socket.onclose = ({ code, reason, wasClean }) => (seen.close = [code, reason, wasClean]);
  Object.assign(globalThis, { socket, seen });
};

/** Resolves when so many messages are there. */
globalThis.heard = async count => {
  while (seen.messages.length < count && !seen.close) {
    await new Promise(resolve => socket.addEventListener('message', resolve, { once: true }));
  }
  return seen.messages.slice(0, count);
};

globalThis.ended = async () => {
  if (!seen.close) {
    await new Promise(resolve => socket.addEventListener('close', resolve, { once: true }));
  }
  return seen;
};

/** Sends numbered messages, every third as bytes, of many sizes, until `talking` is false; tells how many. */
globalThis.talk = async () => {
  globalThis.talking = true;
  let number = 0;
  while (talking) {
    for (let burst = 0; burst < 3; burst++, number++) {
      const text = `${number} ${'.'.repeat((number * 37) % 400)}`;
      socket.send(number % 3 ? text : new TextEncoder().encode(text));
    }
    await new Promise(resolve => setTimeout(resolve, 4));
  }
  return number;
};

/** The numbers of the messages that came. */
globalThis.numbers = () =>
  seen.messages.map(data => parseInt(typeof data === 'string' ? data : new TextDecoder().decode(data)));
