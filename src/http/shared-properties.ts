import type { Request } from "express";
import { isOfAnotherCopy } from "./request-slot.js";

/**
 * Properties of every request, or response, of an Express application: on the object that all of them inherit from (`express.request`),
 * which is how Express itself is extended. Defined on each request, they would cost more than everything else: until V8 12 (Node 22)
 * each added property gives the request a hidden class of its own, which makes all compiled code slow for it.
 */
export class SharedProperties {
  readonly #builtIn: object;
  readonly #define: (shared: object) => void;
  /** Marks the objects that have the properties. */
  readonly #mark = Symbol("latchkey.shared");

  /**
   * @param builtIn the prototype that the objects have without Express
   * @param define puts the properties on the object that is to have them
   */
  constructor(builtIn: object, define: (shared: object) => void) {
    this.#builtIn = builtIn;
    this.#define = define;
  }

  /**
   * Adds the properties to an object, as own properties if it is not one of Express's. Checks its prototypes each time, because a library
   * may change them, as light-my-request does.
   */
  addTo(object: object): void {
    if (this.#mark in object) return;
    const shared = this.#sharedBy(object);
    this.#define(shared);
    Object.defineProperty(shared, this.#mark, { value: true });
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

/** A property of all requests. If `take` returns false, the value becomes an ordinary property of that request. */
export function sharedProperty(
  name: string,
  get: (req: Request) => unknown,
  take: (req: Request, value: never) => boolean,
): PropertyDescriptor & ThisType<Request> {
  return {
    configurable: true,
    enumerable: true,
    get() {
      return get(this);
    },
    set(value) {
      if (take(this, value as never)) return;
      Object.defineProperty(this, name, { configurable: true, enumerable: true, writable: true, value });
    },
  };
}

/** Puts a property on the object that all requests share. Requests of another copy of this package keep that copy's property. */
export function defineShared(shared: object, name: string, own: PropertyDescriptor): void {
  const before = Object.getOwnPropertyDescriptor(shared, name);
  const of = (req: Request) => (before?.get && isOfAnotherCopy(req) ? before : own);
  const chained: PropertyDescriptor & ThisType<Request> = {
    ...own,
    get() {
      return of(this).get!.call(this);
    },
    set(value) {
      of(this).set!.call(this, value);
    },
  };
  Object.defineProperty(shared, name, before?.get ? chained : own);
}
