/** RFC 9110 section 5.6.2, as RFC 6455 section 4.1 asks of sub-protocols. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether sub-protocols are tokens, each there once. */
export function areProtocols(names: readonly string[]): boolean {
  return names.every((name, index) => TOKEN.test(name) && names.indexOf(name) === index);
}
