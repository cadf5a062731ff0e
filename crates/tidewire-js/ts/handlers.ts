type Handler<E extends Event> = ((this: WebSocket, event: E) => unknown) | null;

const HANDLERS = Symbol('handlers');

interface Slot {
  handler: Handler<Event>;
  listener: ((event: Event) => void) | undefined;
}

/** An event target with the event handler attributes of a WebSocket, as HTML defines those. */
export abstract class HandlerAttributes extends EventTarget {
  /** @internal */
  readonly [HANDLERS]: Partial<Record<string, Slot>> = {};

  declare onopen: Handler<Event>;
  declare onerror: Handler<Event>;
  declare onclose: Handler<CloseEvent>;
  declare onmessage: Handler<MessageEvent>;
}

for (const type of ['open', 'error', 'close', 'message']) {
  Object.defineProperty(HandlerAttributes.prototype, `on${type}`, {
    enumerable: true,
    configurable: true,
    get(this: HandlerAttributes) {
      return this[HANDLERS][type]?.handler ?? null;
    },
    /** A handler keeps the place among the listeners at which it was first set; null gives it up. */
    set(this: HandlerAttributes, value: unknown) {
      const slot = (this[HANDLERS][type] ??= { handler: null, listener: undefined });
      // Web IDL: an object that cannot be called counts as a handler that does nothing.
      const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
      slot.handler = isObject ? (value as Handler<Event>) : null;
      if (!slot.handler && slot.listener) {
        this.removeEventListener(type, slot.listener);
        slot.listener = undefined;
      } else if (slot.handler && !slot.listener) {
        slot.listener = event => {
          if (typeof slot.handler === 'function') {
            slot.handler.call(this as unknown as WebSocket, event);
          }
        };
        this.addEventListener(type, slot.listener);
      }
    },
  });
}
