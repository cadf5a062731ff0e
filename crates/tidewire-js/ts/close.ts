/** The checks of `WebSocket.close` in the WHATWG WebSockets standard. */
export function checkClose(code: number | undefined, reason: string): void {
  if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new DOMException(
      `The close code ${code} is neither 1000 nor from 3000 to 4999.`,
      'InvalidAccessError',
    );
  }
  if (new TextEncoder().encode(reason).length > 123) {
    throw new DOMException('The reason is longer than 123 bytes.', 'SyntaxError');
  }
}
