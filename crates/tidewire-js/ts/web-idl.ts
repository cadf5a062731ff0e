/** What Web IDL asks of the interface `WebSocket`, and JavaScript's classes do otherwise. */

type Class = abstract new (...given: never[]) => object;

/** Gives a class the name of the one whose place it takes, and its number of arguments that are required. */
export function nameAsStandard(Class: Class): void {
  Object.defineProperty(Class, 'name', { value: 'WebSocket' });
  Object.defineProperty(Class, 'length', { value: 1 });
}

/** Makes a class look like the interface: its name, its tag, its members that can be enumerated, its constants. */
export function dressAsStandard(Class: Class, constants: Readonly<Record<string, number>>): void {
  const prototype = Class.prototype as object;
  nameAsStandard(Class);
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name !== 'constructor') {
      Object.defineProperty(prototype, name, { enumerable: true });
    }
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: 'WebSocket', configurable: true });
  for (const [name, value] of Object.entries(constants)) {
    for (const holder of [Class, prototype]) {
      Object.defineProperty(holder, name, { value, enumerable: true });
    }
  }
}
