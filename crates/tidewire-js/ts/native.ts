/** The class that the drop-in keeps at hand, where another copy of this package took the place before. */
interface Replaced {
  plain?: typeof WebSocket;
}

const given = globalThis.WebSocket as (typeof WebSocket & Replaced) | undefined;

/**
 * The environment's own WebSocket, taken before anybody puts another in its place. The build replaces every
 * `WebSocket` of the package by it.
 */
const NativeWebSocket = (given?.plain ?? given) as typeof WebSocket;

export { NativeWebSocket as WebSocket };
