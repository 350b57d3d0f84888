import type { SqlDatabase, SqlRow, SqlValue } from "../database.js";
import { changedRows } from "./shape.js";

/** A connection to SQLite that runs prepared statements synchronously. */
interface Preparing {
  prepare(sql: string): {
    all(...values: SqlValue[]): unknown[];
    run(...values: SqlValue[]): { changes: number | bigint };
  };
}

/**
 * Returns a database that compiles each statement only once.
 *
 * @param name the name of the driver function, for error messages
 */
export function onPrepared(name: string, db: Preparing): SqlDatabase {
  const prepared = new Map<string, ReturnType<Preparing["prepare"]>>();
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
    run: async (sql, values) => changedRows(name, statement(sql).run(...values).changes),
  };
}
