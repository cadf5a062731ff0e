// Counts what is alive in the page: the browser's own objects, wrapped where they are made.

const sockets = [];
const requests = [];
const timers = new Set();
const listeners = new Map();
const errors = [];

const RealWebSocket = globalThis.WebSocket;
const realFetch = globalThis.fetch;
const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;
const { addEventListener, removeEventListener } = EventTarget.prototype;

addEventListener.call(globalThis, "error", (event) => errors.push(String(event.message)));
addEventListener.call(globalThis, "unhandledrejection", (event) => errors.push(String(event.reason)));

globalThis.WebSocket = class extends RealWebSocket {
  constructor(...args) {
    super(...args);
    this.messages = 0;
    sockets.push(this);
  }

  send(data) {
    this.messages += 1;
    super.send(data);
  }
};

globalThis.fetch = (url, init) => {
  const request = { url: String(url), init, settled: false };
  requests.push(request);
  const answer = realFetch(url, init);
  const settle = () => { request.settled = true; };
  answer.then(settle, settle);
  return answer;
};

// For the tests' own waiting, which is not to be counted.
globalThis.setTimeoutOfTests = realSetTimeout;

globalThis.setTimeout = (callback, ...rest) => {
  const handle = realSetTimeout((...args) => {
    timers.delete(handle);
    callback(...args);
  }, ...rest);
  timers.add(handle);
  return handle;
};

globalThis.clearTimeout = (handle) => {
  timers.delete(handle);
  realClearTimeout(handle);
};

const key = (target, type, listener) => {
  if (!listeners.has(listener)) listeners.set(listener, new Set());
  const name = `${target === globalThis.document ? "document" : "other"} ${type}`;
  return [listeners.get(listener), name];
};

EventTarget.prototype.addEventListener = function (type, listener, options) {
  const [names, name] = key(this ?? globalThis, type, listener);
  names.add(name);
  addEventListener.call(this ?? globalThis, type, listener, options);
};

EventTarget.prototype.removeEventListener = function (type, listener, options) {
  const [names, name] = key(this ?? globalThis, type, listener);
  names.delete(name);
  removeEventListener.call(this ?? globalThis, type, listener, options);
};

const isLive = (socket) =>
  socket.readyState < 2 || socket.onopen || socket.onmessage || socket.onclose || socket.onerror;

export const live_sockets = () => sockets.filter(isLive).length;
export const sockets_made = () => sockets.length;
export const socket_messages = () => sockets.reduce((sum, socket) => sum + socket.messages, 0);
export const live_requests = () =>
  requests.filter((request) => !request.settled && !request.init?.signal?.aborted).length;
export const requests_made = (path) =>
  requests.filter((request) => request.url.endsWith(path)).length;
export const live_timers = () => timers.size;
export const live_listeners = () =>
  [...listeners.values()].reduce((sum, names) => sum + names.size, 0);
export const errors_seen = () => errors.join("\n");
export const keepalive_sizes = () =>
  requests.filter((request) => request.init?.keepalive).map((request) => request.init.body.length);

let locks = [];
const look = () => navigator.locks?.query().then(({ held, pending }) => {
  locks = [...held, ...pending].filter(({ name }) => name.startsWith("tidewire-hold-"));
});
export const holds_locks = () => {
  look();
  return locks.length > 0;
};
