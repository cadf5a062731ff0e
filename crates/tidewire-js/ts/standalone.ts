import { TidewireSocket } from './socket.js';

// For pages whose libraries make their own `new WebSocket`: load this script before them.
globalThis.WebSocket = TidewireSocket as unknown as typeof WebSocket;
