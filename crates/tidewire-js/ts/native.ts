/**
 * The environment's own WebSocket, taken before anybody puts another in its place. The build replaces every
 * `WebSocket` of the package by it.
 */
const NativeWebSocket = globalThis.WebSocket;

export { NativeWebSocket as WebSocket };
