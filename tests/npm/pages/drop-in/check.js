// What the clauses are written with. Every function throws what a test reports.

export function equal(actual, expected, what = 'value') {
  if (!same(actual, expected)) {
    throw new Error(`${what}: ${show(actual)} instead of ${show(expected)}`);
  }
}

export function throwsDom(name, action) {
  const error = caught(action);
  equal(error instanceof DOMException, true, `a DOMException (${error})`);
  equal(error.name, name, 'name of the DOMException');
}

export function throwsType(action) {
  const error = caught(action);
  equal(error instanceof TypeError, true, `a TypeError (${error})`);
}

function caught(action) {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown by ${action}`);
}

/** The next event of a type; fails where the socket fails first. */
export function next(socket, type) {
  return new Promise((resolve, reject) => {
    socket.addEventListener(type, resolve, { once: true });
    if (type !== 'error' && type !== 'close') {
      socket.addEventListener('close', ({ code, reason }) => reject(new Error(`closed: ${code} ${reason}`)));
    }
  });
}

/** A socket, once it is open. */
export async function opened(socket) {
  await next(socket, 'open');
  return socket;
}

/** What the server sends back for a message. */
export async function echoed(socket, message) {
  const event = next(socket, 'message');
  socket.send(message);
  const { data } = await event;
  return data;
}

export async function bytes(data) {
  const buffer = data instanceof Blob ? await data.arrayBuffer() : data;
  return [...new Uint8Array(buffer)];
}

/** The events of a socket as they come, up to `close`. */
export function log(socket) {
  const types = [];
  for (const type of ['open', 'message', 'error', 'close']) {
    socket.addEventListener(type, () => types.push(type));
  }
  return types;
}

/** A task of the event loop later. */
export function task() {
  return new Promise(resolve => setTimeout(resolve));
}

function same(a, b) {
  if (Object.is(a, b)) {
    return true;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return false;
  }
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every(key => same(a[key], b[key]));
}

function show(value) {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
