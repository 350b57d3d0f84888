/**
 * Properties of every request, or response, of an Express: on the object that all of them inherit from (`express.request`), which is
 * how Express itself is extended. As properties of each request they would cost more than all the rest: until V8 12 (Node 22)
 * each one that is added to a request gives it a shape of its own, with which no code that V8 has compiled is fast.
 */
export class SharedProperties {
  readonly #properties: (shared: object) => PropertyDescriptorMap;
  readonly #builtIn: object;
  readonly #having = new WeakSet<object>();

  /**
   * @param builtIn the prototype that the objects have without Express
   * @param properties given the object that is to have them
   */
  constructor(builtIn: object, properties: (shared: object) => PropertyDescriptorMap) {
    this.#builtIn = builtIn;
    this.#properties = properties;
  }

  /** Lets an object have the properties: of its own where it is none of Express's. */
  addTo(object: object): void {
    const prototype = Object.getPrototypeOf(object) as object;
    if (this.#having.has(prototype)) return;
    const shared = this.#sharedBy(object);
    if (!this.#having.has(shared)) Object.defineProperties(shared, this.#properties(shared));
    if (shared !== object) this.#having.add(shared).add(prototype);
  }

  /** The last object of a chain before the prototype that Node gives. */
  #sharedBy(object: object): object {
    for (let last = object; ; ) {
      const next = Object.getPrototypeOf(last) as object | null;
      if (next === this.#builtIn) return last;
      if (next === null) return object;
      last = next;
    }
  }
}

/** What is assigned to a property that is shared, where it means nothing to us: it is the object's own then. */
export function keepAsOwn(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { configurable: true, enumerable: true, writable: true, value });
}
