// An ordinary WebSocket server that does what its clients ask of it, and tells what it saw of each.
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';

import { WebSocketServer } from 'ws';

import { atEnd } from './end.mjs';

/**
 * Echoes. A text that begins with `!` is an order: `!close CODE REASON`, `!close`, `!terminate`, `!say TEXT...`. The
 * query may hold one as `do`, for the moment of the connection, and an `id` under which `/record` tells what came.
 */
export async function startBackend() {
  const records = new Map();
  const changes = new EventEmitter().setMaxListeners(0);
  const server = createServer((request, response) => tell(request, response, records, changes));
  const sockets = new WebSocketServer({
    server,
    handleProtocols: offered => (offered.has('unknown') ? false : [...offered][0]),
    maxPayload: 1 << 26,
  });
  const open = new Map();
  let connections = 0;
  sockets.on('connection', (socket, request) => {
    connections++;
    const query = new URL(request.url, 'ws://a').searchParams;
    const record = { url: request.url, protocol: socket.protocol, messages: [], close: null };
    records.set(query.get('id'), record);
    open.set(query.get('id'), socket);
    socket.on('error', () => socket.terminate());
    socket.on('message', (data, isBinary) => {
      record.messages.push(isBinary ? { binary: data.toString('hex') } : { text: String(data) });
      if (!isBinary && data[0] === 0x21) {
        obey(socket, String(data));
      } else {
        socket.send(data, { binary: isBinary });
      }
    });
    socket.on('close', (code, reason) => {
      record.close = { code, reason: String(reason) };
      changes.emit('close');
    });
    changes.emit('open');
    if (query.has('do')) {
      obey(socket, query.get('do'));
    }
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  atEnd(() => {
    const isClosed = new Promise(resolve => server.close(resolve));
    sockets.clients.forEach(socket => socket.terminate());
    server.closeAllConnections();
    return isClosed;
  });
  return {
    http: `http://127.0.0.1:${port}`,
    ws: `ws://127.0.0.1:${port}`,
    /** Connections since the start. */
    get connections() {
      return connections;
    },
    /** Whether a client came and has not left. */
    isThere: id => records.get(id)?.close === null,
    /** Closes a client's connection. */
    close: (id, code, reason) => open.get(id).close(code, reason),
    /** What was seen of a client, once it has closed. */
    async closed(id) {
      while (!records.get(id)?.close) {
        await once(changes, 'close');
      }
      return records.get(id);
    },
  };
}

function obey(socket, order) {
  const [verb, ...words] = order.split(' ');
  if (verb === '!close') {
    socket.close(...(words.length ? [Number(words[0]), words.slice(1).join(' ')] : []));
  } else if (verb === '!terminate') {
    socket.terminate();
  } else if (verb === '!say') {
    for (const word of words) {
      socket.send(word);
    }
  } else {
    socket.close(1008, `no such order: ${verb}`);
  }
}

/** Answers `/record?id=ID&until=open|close`. */
async function tell(request, response, records, changes) {
  const query = new URL(request.url, 'http://a').searchParams;
  const id = query.get('id');
  const isThere = () => (query.get('until') === 'open' ? records.has(id) : records.get(id)?.close);
  while (!isThere()) {
    await once(changes, query.get('until'));
  }
  response.writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
  response.end(JSON.stringify(records.get(id)));
}
