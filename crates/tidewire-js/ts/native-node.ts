import { WebSocket as Given } from './native.js';

/** What the package `ws` has more than the standard: an error that nobody listens for would end the process. */
interface Emitter {
  on?(type: 'error', listener: () => void): void;
}

/** A socket that was let go of may still fail, and nobody is to hear of it. */
class QuietWebSocket extends (Given ?? Object) {
  constructor(...given: ConstructorParameters<typeof Given>) {
    super(...given);
    (this as Emitter).on?.('error', () => {});
  }
}

const NodeWebSocket = Given && 'on' in Given.prototype ? QuietWebSocket : Given;

export { NodeWebSocket as WebSocket };
