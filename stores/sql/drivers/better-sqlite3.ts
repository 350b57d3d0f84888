import type { SqlDatabase, SqlValue } from "../database.js";
import { onPrepared } from "./prepared.js";
import { assertShape } from "./shape.js";

/** The part of a `Database` of better-sqlite3 that the store uses. */
export interface BetterSqlite3Like {
  /** Compiles a statement. */
  prepare(sql: string): {
    /** Runs it, and returns its rows. */
    all(...values: SqlValue[]): unknown[];
    /** Runs it, and returns the number of rows that it changed. */
    run(...values: SqlValue[]): { changes: number };
  };
  /** Tells this class from others; the store does not call it. */
  pragma(source: string): unknown;
}

/**
 * A database through better-sqlite3. Give it its own connection: a transaction of the application on the same
 * connection would include what the store writes meanwhile.
 *
 * @throws TypeError if the value is not a `Database` of better-sqlite3
 */
export function betterSqlite3(db: BetterSqlite3Like): SqlDatabase {
  assertShape("betterSqlite3", "a Database of better-sqlite3", db, ["prepare", "pragma"]);
  return onPrepared("betterSqlite3", db);
}
