import type { SqlDatabase, SqlValue } from "../database.js";
import { onPrepared } from "./prepared.js";
import { assertShape } from "./shape.js";

/** The part of a `DatabaseSync` of node:sqlite that the store uses. */
export interface NodeSqliteLike {
  /** Compiles a statement. */
  prepare(sql: string): {
    /** Runs the statement and returns its rows. */
    all(...values: SqlValue[]): unknown[];
    /** Runs the statement and returns the number of rows that it changed. */
    run(...values: SqlValue[]): { changes: number | bigint };
  };
  /** Runs a statement that returns no rows. */
  exec(sql: string): void;
}

/**
 * Returns a database that uses `DatabaseSync` of node:sqlite, which is part of Node 22 and later versions.
 *
 * Give the store its own connection. On a shared connection, a transaction of the application would include what the
 * store writes at that time. This function turns off the busy timeout of the connection, because node:sqlite would
 * block the process while it waits for a lock. The store itself waits without blocking.
 *
 * @throws TypeError if the value is not a `DatabaseSync`
 */
export function nodeSqlite(db: NodeSqliteLike): SqlDatabase {
  assertShape("nodeSqlite", "a DatabaseSync of node:sqlite", db, ["prepare", "exec"]);
  db.exec("PRAGMA busy_timeout = 0");
  return onPrepared("nodeSqlite", db);
}
