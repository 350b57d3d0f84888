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
 * A variant: makes an application with `GET /login`, which logs its user in; `GET /me`, guarded, which answers who is logged in;
 * and `GET /public`, which asks for nobody.
 */
export type Variant = (given: Given) => Promise<RequestListener> | RequestListener;

export const SECRET = "a secret for measuring, 32 characters or more";

/** The user of every variant. */
export class Person {
  readonly email = "ann@example.com";
  constructor(readonly id: string) {}
}

/** The people of a variant, loaded from a Map; each load is counted. */
export function people(count: Given["count"]) {
  const byId = new Map([["1", new Person("1")]]);
  const load = (id: string) => {
    count("user loads");
    return byId.get(id);
  };
  return { ann: byId.get("1")!, load };
}
