import type { RequestListener } from "node:http";
import type { PlaceName } from "./place.js";

/** What a variant is given. */
export interface Given {
  place: PlaceName;
  url: string;
  /** Counts an event of this name, for the parts that count. */
  count(name: string): void;
  /** Counts the calls of a store, in the parts that count them; elsewhere the store is left as it is. */
  watch<S extends object>(store: S): S;
}

/**
 * A variant: makes an application with `GET /login`, which logs another user in each time; `GET /me`, guarded, which answers who is logged in;
 * and `GET /public`, which asks for nobody.
 */
export type Variant = (given: Given) => Promise<RequestListener> | RequestListener;

export const SECRET = "a secret for measuring, 32 characters or more";

/** A user of every variant. */
export class Person {
  readonly email: string;
  constructor(readonly id: string) {
    this.email = `ann${id}@example.com`;
  }
}

/** The people of a variant. Each login is another's, as at a site; they are loaded from a Map, and each load is counted. */
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
