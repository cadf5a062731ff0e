export { Client, type ClientOptions } from './client.js';
export { json, type Codec } from './codec.js';
export {
  ConfigurationError,
  ConnectionError,
  DecodeError,
  MessageError,
  TidewireError,
  type ConfigurationErrorCode,
  type ConnectionErrorCode,
  type ErrorCode,
  type MessageErrorCode,
} from './errors.js';
export type { ClientEventMap, CloseInfo, State, Verdict } from './events.js';
export type { Attempt, Endpoint, Provided } from './endpoint.js';
export type { ProvidedWasm, WasmSource } from './load.js';
export { Receipt, type Fate, type Sendable } from './receipt.js';
export type { Bare, Limits, Settings, Timings, Transport } from './settings.js';
export type { Stats, TransportStats } from './stats.js';
export { TidewireSocket } from './socket.js';
export type { SocketOptions } from './socket-options.js';
