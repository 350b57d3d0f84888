import type { Request } from "express";
import { setOwn } from "../objects.js";
import { isOfAnotherCopy } from "./request-slot.js";

/**
 * Properties of all requests, or of all responses, of an Express application. The properties are defined on the object
 * that all requests (or responses) inherit from, such as `express.request`. Other extensions of Express do this too.
 * Defining the properties on each request would take more time than everything else that latchkey does: before V8 12
 * (Node 22), each added property gives the request its own hidden class, and compiled code is slow with such a request.
 */
export class SharedProperties {
  readonly #builtIn: object;
  readonly #define: (shared: object) => void;
  /** Marks the objects that have the properties. */
  readonly #mark = Symbol("latchkey.shared");

  /**
   * @param builtIn Node's own prototype of the objects
   * @param define defines the properties on an object
   */
  constructor(builtIn: object, define: (shared: object) => void) {
    this.#builtIn = builtIn;
    this.#define = define;
  }

  /**
   * Adds the properties to the prototype that an object shares with others, or to the object itself if it shares no
   * prototype. Checks the prototypes at each call, because a library such as light-my-request may change them.
   */
  addTo(object: object): void {
    if (this.#mark in object) return;
    const shared = this.#sharedBy(object);
    this.#define(shared);
    Object.defineProperty(shared, this.#mark, { value: true });
  }

  /**
   * The last object in the prototype chain before `builtIn`; the object itself if the chain does not contain `builtIn`.
   */
  #sharedBy(object: object): object {
    for (let last = object; ; ) {
      const next = Object.getPrototypeOf(last) as object | null;
      if (next === this.#builtIn) return last;
      if (next === null) return object;
      last = next;
    }
  }
}

/**
 * Describes a property that all requests share. An assignment calls `take`. If `take` returns false, the value becomes
 * an ordinary property of that request.
 */
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
      setOwn(this, name, value);
    },
  };
}

/**
 * Defines a property on the object that all requests share. Requests of another copy of this package still use the
 * property of that copy.
 */
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
