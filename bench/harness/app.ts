import type { RequestListener } from "node:http";
import type { PlaceName } from "./place.js";

/** The input of a variant. */
export interface Given {
  place: PlaceName;
  url: string;
  /** Counts an event of this name, if the part counts events. */
  count(name: string): void;
  /** Wraps a store so that its calls are counted. If the part counts no calls, returns the store unchanged. */
  watch<S extends object>(store: S): S;
}

/**
 * A variant creates an application with three routes: `GET /login` logs in a new user each time, `GET /me` is guarded
 * and returns the logged-in user, and `GET /public` does not need the user.
 */
export type Variant = (given: Given) => Promise<RequestListener> | RequestListener;

export const SECRET = "a secret for measuring, 32 characters or more";

/** A user, the same for all variants. */
export class Person {
  readonly email: string;
  constructor(readonly id: string) {
    this.email = `ann${id}@example.com`;
  }
}

/**
 * Creates the users of a variant. Each login creates another user. Users are loaded from a Map, and each load is
 * counted.
 */
export function people(count: Given["count"]) {
  const byId = new Map<string, Person>();
  const another = () => {
    const person = new Person(String(byId.size + 1));
    byId.set(person.id, person);
    return person;
  };
  const load = (id: string) => {
    count("user loads");
    return byId.get(id);
  };
  return { another, load };
}
