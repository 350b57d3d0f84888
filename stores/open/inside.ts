import type { SessionStore } from "../../src/store/session-store.js";
import type { NodeRedisClient } from "../redis/commands.js";
import type { SqlDatabase } from "../sql/database.js";
import type { SqlTablesOptions } from "../sql/ddl.js";

/** What a store was opened on: a database or a connection to Redis. */
export type Inside =
  | { kind: "sql"; database: SqlDatabase; tables: SqlTablesOptions }
  | { kind: "redis"; client: NodeRedisClient; prefix: string };

const insides = new WeakMap<SessionStore, Inside>();

/** Notes what a store was opened on. */
export function noteInside(store: SessionStore, inside: Inside): void {
  insides.set(store, inside);
}

/** What a store was opened on; undefined if `openStore` did not open it, and for a store in memory. */
export function insideOf(store: SessionStore): Inside | undefined {
  return insides.get(store);
}
