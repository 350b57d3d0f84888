import type { SqlDatabase, SqlValue } from "../database.js";
import { onPrepared } from "./prepared.js";
import { assertShape } from "./shape.js";

/** The part of a `DatabaseSync` of node:sqlite that the store uses. */
export interface NodeSqliteLike {
  /** Compiles a statement. */
  prepare(sql: string): {
    /** Runs it, and returns its rows. */
    all(...values: SqlValue[]): unknown[];
    /** Runs it, and returns the number of rows that it changed. */
    run(...values: SqlValue[]): { changes: number | bigint };
  };
  /** Tells this class from others; the store does not call it. */
  exec(sql: string): void;
}

/**
 * A database through `DatabaseSync` of node:sqlite, which Node has from version 22 on. Give it its own connection: a
 * transaction of the application on the same connection would include what the store writes meanwhile.
 *
 * @throws TypeError if the value is not a `DatabaseSync`
 */
export function nodeSqlite(db: NodeSqliteLike): SqlDatabase {
  assertShape("nodeSqlite", "a DatabaseSync of node:sqlite", db, ["prepare", "exec"]);
  return onPrepared("nodeSqlite", db);
}
