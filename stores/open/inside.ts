import type { SessionStore } from "../../src/store/session-store.js";
import type { NodeRedisClient } from "../redis/commands.js";
import type { SqlDatabase } from "../sql/database.js";
import type { SqlTablesOptions } from "../sql/ddl.js";

/** What an opened store uses: a database or a connection to Redis. */
export type Inside =
  | { kind: "sql"; database: SqlDatabase; tables: SqlTablesOptions }
  | { kind: "redis"; client: NodeRedisClient; prefix: string };

const insides = new WeakMap<SessionStore, Inside>();

/** Saves what a store uses, for `insideOf`. */
export function noteInside(store: SessionStore, inside: Inside): void {
  insides.set(store, inside);
}

/** Returns what a store uses. Returns undefined for a store in memory, or if `openStore` did not open the store. */
export function insideOf(store: SessionStore): Inside | undefined {
  return insides.get(store);
}
