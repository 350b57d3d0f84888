import type { SqlDatabase, SqlValue } from "../database.js";
import { onPrepared } from "./prepared.js";
import { assertShape } from "./shape.js";

/** The part of a `Database` of better-sqlite3 that the store uses. */
export interface BetterSqlite3Like {
  /** Compiles a statement. */
  prepare(sql: string): {
    /** Runs the statement and returns its rows. */
    all(...values: SqlValue[]): unknown[];
    /** Runs the statement and returns the number of rows that it changed. */
    run(...values: SqlValue[]): { changes: number };
  };
  /** Changes a setting of the connection. */
  pragma(source: string): unknown;
}

/**
 * Returns a database that uses better-sqlite3.
 *
 * Give the store its own connection. On a shared connection, a transaction of the application would include what the
 * store writes at that time. This function turns off the busy timeout of the connection, because better-sqlite3 would
 * block the process while it waits for a lock. The store itself waits without blocking.
 *
 * @throws TypeError if the value is not a `Database` of better-sqlite3
 */
export function betterSqlite3(db: BetterSqlite3Like): SqlDatabase {
  assertShape("betterSqlite3", "a Database of better-sqlite3", db, ["prepare", "pragma"]);
  db.pragma("busy_timeout = 0");
  return onPrepared("betterSqlite3", db);
}
