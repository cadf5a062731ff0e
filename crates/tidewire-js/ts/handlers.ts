/** What an event handler attribute holds. */
export type Handler<E extends Event> = ((this: WebSocket, event: E) => unknown) | null;

interface Slot {
  handler: Handler<Event>;
  listener: (event: Event) => void;
}

/** The event handler attributes of one target, as HTML defines them. */
export class EventHandlers {
  readonly #target: EventTarget;
  readonly #slots = new Map<string, Slot>();

  constructor(target: EventTarget) {
    this.#target = target;
  }

  get<E extends Event>(type: string): Handler<E> {
    return (this.#slots.get(type)?.handler as Handler<E> | undefined) ?? null;
  }

  /** A handler keeps the place among the listeners at which it was first set; null gives it up. */
  set(type: string, value: unknown): void {
    // Web IDL: an object that cannot be called counts as a handler that does nothing; all else is null.
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
    const slot = this.#slots.get(type);
    if (isObject && slot) {
      slot.handler = value as Handler<Event>;
    } else if (isObject) {
      const slot: Slot = {
        handler: value as Handler<Event>,
        listener: event => {
          const { handler } = slot;
          if (typeof handler === 'function' && handler.call(this.#target as WebSocket, event) === false) {
            event.preventDefault();
          }
        },
      };
      this.#slots.set(type, slot);
      this.#target.addEventListener(type, slot.listener);
    } else if (slot) {
      this.#slots.delete(type);
      this.#target.removeEventListener(type, slot.listener);
    }
  }
}
