/** Turns an application's values into messages and back. */
export interface Codec<Outgoing, Incoming> {
  /** What travels for a value. What it throws, `send` throws as a `MessageError` (`encode`). */
  encode(value: Outgoing): string | ArrayBuffer | ArrayBufferView | Blob;
  /** The value of a message that is being taken. What it throws becomes an `error` event, and the message is skipped. */
  decode(data: string | ArrayBuffer): Incoming;
}

/** Values as JSON texts, by the engine's own `JSON`. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export const json: Codec<any, any> = {
  encode: value => {
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) {
      throw new TypeError(`JSON has no ${typeof value}`);
    }
    return text;
  },
  decode: data => JSON.parse(typeof data === 'string' ? data : new TextDecoder().decode(data)),
};
