// What must compile. The test runs nothing of it.
import {
  Client,
  ConnectionError,
  json,
  MessageError,
  TidewireSocket,
  type ClientOptions,
  type CloseInfo,
  type Codec,
  type Receipt,
  type Sendable,
  type Stats,
  type Transport,
} from 'tidewire';

const client = new Client('wss://app.example/live');
client.addEventListener('message', event => {
  const data: string | ArrayBuffer = event.data;
  void data;
});
client.addEventListener('statechange', ({ state, previous }) => state === 'open' && previous === 'waiting');
client.addEventListener('transportchange', event => {
  const transport: Transport = event.transport;
  void transport;
});
client.addEventListener('resumed', ({ received }) => received.toFixed());
client.addEventListener('retry', ({ error, delay }) => error.retryable && delay.toFixed());
client.addEventListener('lost', ({ unconfirmed, error }) => {
  for (const receipt of unconfirmed) {
    console.log(receipt.data, receipt.error?.transmitted, error.closeCode, error.status);
  }
});
client.addEventListener('close', ({ code, reason, error }) => console.log(code, reason, error?.code));
client.addEventListener('close', ({ error }) => error instanceof ConnectionError && error.closeCode === 1006);
client.addEventListener('something else', event => event.type);
const receipt: Receipt = client.send(new Uint8Array(3));
await receipt.acknowledged;
client.send(new Blob(['x']));
client.send(new DataView(new ArrayBuffer(1)));
const stats: Stats = client.stats();
console.log(stats.longPolling.roundTrip, stats.outboxBytes);
for await (const message of client) {
  console.log(typeof message === 'string' ? message.length : message.byteLength);
}
const info: CloseInfo = await client.closed;
console.log(info.unconfirmed.length);

interface Ahoy {
  text: string;
}
const typed = new Client<Ahoy, Ahoy>(new URL('https://app.example/live'), { codec: json, token: () => 'secret' });
typed.send({ text: 'ahoy' });
typed.addEventListener('message', ({ data }) => data.text.length);
await new ReadableStream<Ahoy>().pipeTo(typed.writable);

const numbers: Codec<number, string> = { encode: String, decode: data => `${data}` };
const options: ClientOptions<number, string> = {
  codec: numbers,
  transports: ['websocket'],
  timings: { hold: 10_000 },
  limits: { outboxBytes: 1 },
};
new Client('/live', options).send(5);

new Client('/live', { wasm: () => fetch('/tidewire.wasm') });
new Client<Sendable, string | Uint8Array>('/live', { binaryType: 'uint8array' });
new Client(async ({ reauthenticate }) => ({ url: '/live', token: reauthenticate ? 'new' : 'old' }));
{
  using short = new Client('/live');
  await using patient = new Client('/live', { signal: AbortSignal.timeout(1_000) });
  console.log(short.state, patient.transport);
}

try {
  client.send('x');
} catch (error) {
  if (error instanceof MessageError && error.code === 'full') {
    await client.ready;
  } else if (error instanceof ConnectionError) {
    console.log(error.reason);
  }
}

const Socket: typeof WebSocket = TidewireSocket.with({ server: 'tidewire', token: 'secret' });
new Socket('/live').send('ahoy');
