// What must not compile, each line for its own reason.
import { Client, json, MessageError, type Codec } from 'tidewire';

const client = new Client('/live');
// @ts-expect-error A message is text or bytes.
client.send({ text: 'ahoy' });
// @ts-expect-error There is no such option.
new Client('/live', { tranports: ['websocket'] });
// @ts-expect-error There is no such transport.
new Client('/live', { transports: ['carrier-pigeon'] });
// @ts-expect-error A span is a number of milliseconds.
new Client('/live', { timings: { hold: '10s' } });
// @ts-expect-error There is no such span.
new Client('/live', { timings: { holdd: 10 } });
// @ts-expect-error The types have to know of it: `new Client<Sendable, string | Uint8Array>`.
new Client('/live', { binaryType: 'uint8array' });
// @ts-expect-error A function that gives the URL gives a URL.
new Client(() => 5);
// @ts-expect-error The event has no such field.
client.addEventListener('statechange', event => event.transport);
// @ts-expect-error A message is no close.
client.addEventListener('message', (event: CloseEvent) => event.code);
// @ts-expect-error A receipt is no promise: await what it tells.
client.send('ahoy').then(() => {});
// @ts-expect-error A client's end cannot be changed.
client.closed = Promise.resolve();
// @ts-expect-error Where a client stands is its own affair.
client.state = 'open';
// @ts-expect-error What became of a message is told, not set.
client.send('ahoy').fate = 'sent';
// @ts-expect-error A message is refused for no such reason.
void ((error: MessageError) => error.code === 'refused');

const numbers: Codec<number, number> = { encode: String, decode: Number };
// @ts-expect-error The codec takes numbers.
new Client('/live', { codec: numbers }).send('five');

const typed = new Client<{ text: string }, { text: string }>('/live', { codec: json });
// @ts-expect-error A message has a text.
typed.send({ txt: 'ahoy' });
