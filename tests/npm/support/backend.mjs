// An ordinary WebSocket server that does what its clients ask of it, and tells what it saw of each.
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';

import { WebSocket, WebSocketServer } from 'ws';

import { atEnd } from './end.mjs';

/** A connection that can be told how it answers the close frame of its client. */
class Peer extends WebSocket {
  #answer;

  /** The library calls this when such a frame came, to repeat it. */
  close(...given) {
    const answer = this.#answer ?? (() => super.close(...given));
    this.#answer = undefined;
    answer(given);
  }

  answerWith(answer) {
    this.#answer = answer;
  }
}

/**
 * Echoes. A text that begins with `!` is an order: `!close CODE REASON`, `!close`, `!terminate`, `!say TEXT...`. Three are
 * for the close frame of the client, which else is repeated: `!answer CODE REASON`, `!answer terminate`, and `!answer
 * later`, that is when `/answer` is fetched. The query may hold an order as `do`, for the moment of the connection, and
 * an `id` under which `/record` tells what came, and `/answer` answers.
 */
export async function startBackend() {
  const records = new Map();
  const changes = new EventEmitter().setMaxListeners(0);
  /** What is known of a client, once it is there, or has sent a close frame for an `!answer`, or has closed. */
  async function seen(id, until) {
    while (until === 'open' ? !records.has(id) : !records.get(id)?.[until]) {
      await once(changes, until);
    }
    return records.get(id);
  }
  const server = createServer((request, response) => tell(request, response, seen));
  const sockets = new WebSocketServer({
    server,
    WebSocket: Peer,
    handleProtocols: offered => (offered.has('unknown') ? false : [...offered][0]),
    maxPayload: 1 << 26,
  });
  const open = new Map();
  let connections = 0;
  sockets.on('connection', (socket, request) => {
    connections++;
    const query = new URL(request.url, 'ws://a').searchParams;
    const record = { url: request.url, protocol: socket.protocol, messages: [], asked: null, close: null };
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
    socket.on('asked', answer => {
      record.asked = answer;
      changes.emit('asked');
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
    seen,
    /** What was seen of a client, once it has closed. */
    closed: id => seen(id, 'close'),
  };
}

function obey(socket, order) {
  const [verb, ...words] = order.split(' ');
  const close = words.length ? [Number(words[0]), words.slice(1).join(' ')] : [];
  if (verb === '!close') {
    socket.close(...close);
  } else if (verb === '!answer') {
    socket.answerWith(([code, reason]) => {
      socket.emit('asked', () => socket.close(code, String(reason)));
      if (words[0] === 'terminate') {
        socket.terminate();
      } else if (words[0] !== 'later') {
        socket.close(...close);
      }
    });
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

/** Answers `/record?id=ID&until=open|asked|close` and `/answer?id=ID`. */
async function tell(request, response, seen) {
  const { pathname, searchParams: query } = new URL(request.url, 'http://a');
  const isAnswer = pathname === '/answer';
  const record = await seen(query.get('id'), isAnswer ? 'asked' : query.get('until'));
  if (isAnswer) {
    record.asked();
  }
  response.writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
  response.end(JSON.stringify(record));
}
