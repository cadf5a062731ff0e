// The listener and the numbers are those that crates/tidewire-js/ts/link.ts gives.
const ALL_TRANSPORTS = 0b111;
const NO_TOKEN = new Uint8Array();
const DEFAULTS = new Float64Array();

/** Sends a text and bytes over a `Connection`; resolves to what came back, and what was told, once it is closed. */
export async function talk(Connection, url, text, bytes) {
  const messages = [];
  const states = [];
  let connection;
  const closed = new Promise(resolve => {
    connection = new Connection(url, NO_TOKEN, [], ALL_TRANSPORTS, DEFAULTS, '', {
      message(session, data) {
        messages.push(typeof data === 'string' ? data : [...data]);
        connection.consumed(session, 1);
        if (messages.length === 2) {
          connection.close(1000, 'done');
        }
      },
      state: state => states.push(state),
      ended: (what, cause) => what === 2 && resolve(cause),
      connected() {},
      progress() {},
      unconfirmed() {},
      room() {},
      prepare() {},
    });
  });
  const numbers = [connection.sendText(text), connection.sendBytes(new Uint8Array(bytes))];
  const cause = await closed;
  connection.free();
  return { messages, numbers, cause, wasOpen: states.includes(1) };
}
