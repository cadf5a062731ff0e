import { Client, TidewireSocket } from '/node_modules/tidewire/dist/index.js';

/** As many messages as the drop-in keeps, so that a burst is one. */
const ROOM = { outboxBytes: 1 << 26, outboxMessages: 1 << 17 };
/** Messages before the clock starts. */
const WARM_UP = 2_000;

/** Each opens, and gives a way to send, to hear and to close. */
const SUBJECTS = {
  bare: url => ofSocket(new WebSocket(url)),
  dropIn: url => ofSocket(new (TidewireSocket.with({ transports: ['websocket'] }))(url)),
  async client(url) {
    const client = new Client(url, { transports: ['websocket'], limits: ROOM });
    await new Promise(resolve => client.addEventListener('transportchange', resolve, { once: true }));
    return {
      send: text => client.send(text),
      hear: heard => client.addEventListener('message', event => heard(event.data)),
      close: () => (client.close(), client.closed),
    };
  },
};

async function ofSocket(socket) {
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`${socket.url} cannot be reached`));
  });
  return {
    send: text => socket.send(text),
    hear: heard => (socket.onmessage = event => heard(event.data)),
    close: () => new Promise(resolve => ((socket.onclose = resolve), socket.close())),
  };
}

/**
 * Sends `burst` texts of `length` bytes in one turn, and then `trips` one after the other. Resolves to the milliseconds
 * of the burst, to its last echo, and to those of each trip.
 */
globalThis.measure = async (subject, url, { burst, trips, length }) => {
  const { send, hear, close } = await SUBJECTS[subject](url);
  let awaited = 0;
  let last;
  let done;
  hear(data => {
    if (--awaited === 0) {
      last = data;
      done();
    }
  });
  /** Sends so many texts, and waits for as many. */
  const echoed = async count => {
    const all = new Promise(resolve => (done = resolve));
    awaited = count;
    for (let number = 1; number <= count; number++) {
      send(String(number).padStart(length, '.'));
    }
    await all;
    if (last !== String(count).padStart(length, '.')) {
      throw new Error(`the last echo is ${last}, not that of the last message`);
    }
  };
  await echoed(WARM_UP);
  const began = performance.now();
  await echoed(burst);
  const burstTime = performance.now() - began;
  const tripTimes = [];
  for (let trip = 0; trip < trips; trip++) {
    const began = performance.now();
    await echoed(1);
    tripTimes.push(performance.now() - began);
  }
  await close();
  return { burst: burstTime, trips: tripTimes };
};

/** Sends texts one by one, each `pause` ms after the last echo; for those who count bytes. */
globalThis.chat = async (subject, url, { messages, length, pause }) => {
  const { send, hear, close } = await SUBJECTS[subject](url);
  for (let number = 0; number < messages; number++) {
    const echo = new Promise(resolve => hear(resolve));
    send('.'.repeat(length));
    await echo;
    await new Promise(resolve => setTimeout(resolve, pause));
  }
  await close();
};
