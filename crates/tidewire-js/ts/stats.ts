/** Counters of one transport. */
export interface TransportStats {
  /** Times that this transport began to carry the session. */
  connections: number;
  /** WebSocket handshakes or HTTP requests started. */
  requests: number;
  /** Packets sent: WebSocket messages or request bodies. */
  packetsSent: number;
  /** Packets received: WebSocket messages or answers. */
  packetsReceived: number;
  /** Bytes of packets sent, without the framing and headers below them. */
  bytesSent: number;
  /** Bytes of packets received, without the framing and headers below them. */
  bytesReceived: number;
  /** Failures of this transport, before and after it carried the session. */
  failures: number;
  /** Smoothed round-trip time in milliseconds (RFC 6298 section 2); 0 before the first measure. */
  roundTrip: number;
}

/** Counters of a client. */
export interface Stats {
  websocket: TransportStats;
  longPolling: TransportStats;
  polling: TransportStats;
  /** Messages that `send` accepted. */
  messagesSent: number;
  /** Messages of the peer that were delivered. */
  messagesReceived: number;
  /** Messages that the peer has acknowledged. */
  messagesAcknowledged: number;
  /** Messages or fragments that came again and were dropped. */
  duplicatesDropped: number;
  /** Times that a carried session lost its carrier. */
  reconnects: number;
  /** Sessions that were lost. */
  sessionsLost: number;
  /** Messages in the outbox now. */
  outboxMessages: number;
  /** Bytes in the outbox now, each message counted with 64 on top. */
  outboxBytes: number;
}

const OF_TRANSPORT =
  'connections,requests,packetsSent,packetsReceived,bytesSent,bytesReceived,failures,roundTrip'.split(',');
const OF_CLIENT =
  'messagesSent,messagesReceived,messagesAcknowledged,duplicatesDropped,reconnects,sessionsLost,outboxMessages,outboxBytes'.split(
    ',',
  );

/** Names the counters that the wasm lists, in the order of `stats` in src/connection.rs; zeros where there are none. */
export function unflatten(numbers: ArrayLike<number> = []): Stats {
  let next = 0;
  const take = (names: string[]) => Object.fromEntries(names.map(name => [name, numbers[next++] ?? 0]));
  return {
    websocket: take(OF_TRANSPORT),
    longPolling: take(OF_TRANSPORT),
    polling: take(OF_TRANSPORT),
    ...take(OF_CLIENT),
  } as unknown as Stats;
}
