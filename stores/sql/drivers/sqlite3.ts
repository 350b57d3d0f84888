import type { SqlDatabase, SqlRow, SqlValue } from "../database.js";
import { assertShape, changedRows } from "./shape.js";

/** The part of a `Database` of sqlite3 that the store uses. */
export interface Sqlite3Like {
  /** Runs a statement and passes its rows to the callback. */
  all(sql: string, values: SqlValue[], done: (error: Error | null, rows: unknown[]) => void): unknown;
  /** Runs a statement and passes the number of rows that it changed to the callback. */
  run(sql: string, values: SqlValue[], done: (this: { changes: number }, error: Error | null) => void): unknown;
  /** Changes a setting of the connection. */
  configure(option: "busyTimeout", value: number): void;
  /** Used to recognize this class. The store does not call this method. */
  serialize(): unknown;
}

/**
 * Returns a database that uses sqlite3.
 *
 * Give the store its own connection. On a shared connection, a transaction of the application would include what the
 * store writes at that time. This function turns off the busy timeout of the connection, because reads would wait
 * behind a write that waits for a lock. The store itself waits without holding up other statements.
 *
 * @throws TypeError if the value is not a `Database` of sqlite3
 */
export function sqlite3(db: Sqlite3Like): SqlDatabase {
  // The package "sqlite", which returns promises, has no serialize().
  assertShape("sqlite3", "a Database of sqlite3", db, ["all", "run", "configure", "serialize"]);
  db.configure("busyTimeout", 0);
  return {
    dialect: "sqlite",
    all: (sql, values) =>
      new Promise((resolve, reject) => {
        db.all(sql, [...values], (error, rows) => (error ? reject(error) : resolve(rows as SqlRow[])));
      }),
    run: (sql, values) =>
      new Promise((resolve, reject) => {
        db.run(sql, [...values], function (error) {
          if (error) reject(error);
          else resolve(changedRows("sqlite3", this.changes));
        });
      }),
  };
}
