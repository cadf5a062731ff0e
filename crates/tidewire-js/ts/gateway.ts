/** The agreement between the drop-in and the gateway: docs/GATEWAY.md, "How the drop-in names its sub-protocols". */

/** What control messages begin with: of the gateway bytes, of the page texts. */
const MARK = '\0tidewire';
const MARK_BYTES = new TextEncoder().encode(MARK);

/** What a message of a gateway is. */
export const Control = {
  Data: 0,
  Opened: 1,
  Closed: 2,
  Broken: 3,
} as const;

/** The token that asks for control messages, and names the wanted sub-protocols. */
export function tokenOf(protocols: readonly string[]): string {
  return ['tidewire-socket/1', protocols.join(', ')].join(protocols.length ? ' ' : '');
}

/** What a page sends, so that no control message is seen in it. */
export function literal<T>(body: T): T | string {
  return typeof body === 'string' && body.startsWith(MARK) ? MARK + body : body;
}

/** The page closes; 1005 stands for no code. */
export function closeMessage(code: number, reason: string): string {
  return MARK + code + reason;
}

/** A message of a gateway, read. */
export type Read =
  | { kind: typeof Control.Data; data: string | Uint8Array<ArrayBuffer> }
  | { kind: typeof Control.Opened; protocol: string }
  | { kind: typeof Control.Closed; close: { code: number; reason: string; wasClean: boolean } }
  | { kind: typeof Control.Broken };

/** Tells control messages from those of the server behind the gateway. */
export function read(data: string | Uint8Array<ArrayBuffer>): Read {
  if (typeof data === 'string' || MARK_BYTES.some((byte, index) => data[index] !== byte)) {
    return { kind: Control.Data, data };
  }
  const [kind, clean, high, low] = data.subarray(MARK.length);
  const text = (from: number) =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(data.subarray(MARK.length + from));
  if (kind === 0) {
    return { kind: Control.Data, data: data.subarray(MARK.length + 1) };
  }
  if (kind === 1) {
    return { kind: Control.Opened, protocol: text(1) };
  }
  if (kind === 2 && clean !== undefined && clean <= 1 && high !== undefined && low !== undefined) {
    return {
      kind: Control.Closed,
      close: { code: high * 256 + low, reason: text(4), wasClean: clean === 1 },
    };
  }
  return { kind: Control.Broken };
}
