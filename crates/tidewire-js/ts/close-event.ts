/** How a connection ended, as a `CloseEvent` tells it. */
export interface End {
  code: number;
  reason: string;
  wasClean: boolean;
}

/** As the standard has it where no close frame came. */
export const FAILED: End = { code: 1006, reason: '', wasClean: false };

/** Node has had it since version 23. */
export const CloseEventHere =
  globalThis.CloseEvent ??
  class extends Event {
    constructor(type: string, init: CloseEventInit) {
      super(type);
      Object.assign(this, init);
    }
  };
