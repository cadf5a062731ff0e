const waiting: (() => void)[] = [];

let port: MessagePort | undefined;

/** Node's own queue of tasks, which does not keep a program alive as an open port does. */
const setImmediateHere = (globalThis as { setImmediate?: (task: () => void) => void }).setImmediate;

/**
 * Runs functions in order, each as a task of its own, as a browser does with the events of a WebSocket: the promises
 * that one event resolves have run their course before the next event comes.
 */
export const queueTask =
  setImmediateHere ??
  ((task: () => void): void => {
    waiting.push(task);
    (port ??= open()).postMessage(0);
  });

function open(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => waiting.shift()?.();
  return port2;
}
