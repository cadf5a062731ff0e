// y-websocket as its users have it, with another class for its sockets.
import { TidewireSocket } from 'tidewire';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

const query = new URLSearchParams(location.search);
const name = query.get('name');
const doc = new Y.Doc();
const text = doc.getText('text');
const list = doc.getArray('list');
const seen = { statuses: [], closes: 0, errors: 0, edits: 0 };

const provider = new WebsocketProvider(query.get('url'), 'room', doc, {
  // Comes back soon, since the test cuts often.
  WebSocketPolyfill: TidewireSocket.with({ timings: { backoffBase: 20, backoffCap: 100 } }),
  // Everything goes over the wire.
  disableBc: true,
});
provider.on('status', ({ status }) => seen.statuses.push(status));
provider.on('connection-close', () => seen.closes++);
provider.on('connection-error', () => seen.errors++);

/** A whole number below `end`. */
const below = end => Math.floor(Math.random() * end);

/** Writes and deletes in the text anywhere, and numbers each edit in the list, until `editing` is false. */
async function edit() {
  globalThis.editing = true;
  while (editing) {
    const number = seen.edits++;
    text.insert(below(text.length + 1), `${name}${number} `);
    if (number % 3 === 0) {
      text.delete(below(text.length), 1);
    }
    list.push([`${name}${number}`]);
    provider.awareness.setLocalState({ name, number });
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

/** What the document holds, and which updates it knows of. */
const contents = () => ({
  text: text.toString(),
  list: list.toArray(),
  known: Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(doc))),
});

/** What the others say of themselves. */
const others = () => [...provider.awareness.getStates().values()].filter(state => state.name !== name);

Object.assign(globalThis, { seen, provider, edit, contents, others });
