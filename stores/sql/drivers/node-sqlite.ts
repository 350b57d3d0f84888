import type { SqlDatabase, SqlRow, SqlValue } from "../database.js";
import { assertShape, changedRows } from "./shape.js";

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
 * A database through `DatabaseSync` of node:sqlite, which Node has from version 22 on. It should have a connection of its own, because
 * a transaction of the application on the same connection would include what the store writes meanwhile.
 *
 * @throws TypeError if the value is no `DatabaseSync`
 */
export function nodeSqlite(db: NodeSqliteLike): SqlDatabase {
  assertShape("nodeSqlite", "a DatabaseSync of node:sqlite", db, ["prepare", "exec"]);
  const prepared = new Map<string, ReturnType<NodeSqliteLike["prepare"]>>();
  const statement = (sql: string) => {
    let made = prepared.get(sql);
    if (!made) {
      made = db.prepare(sql);
      prepared.set(sql, made);
    }
    return made;
  };
  return {
    dialect: "sqlite",
    all: async (sql, values) => statement(sql).all(...values) as SqlRow[],
    run: async (sql, values) => changedRows("nodeSqlite", statement(sql).run(...values).changes),
  };
}
