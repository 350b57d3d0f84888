import type { SqlDatabase, SqlRow, SqlValue } from "../database.js";
import { onConnection, type Pool } from "./on-connection.js";
import { assertShape, changedRows } from "./shape.js";

/** The part of a connection of `mysql2/promise` that the store uses. */
export interface Mysql2Connection {
  /** Runs a prepared statement. */
  execute(sql: string, values: SqlValue[]): Promise<[result: unknown, fields: unknown]>;
  /** Returns the connection to the pool. */
  release(): void;
  /** Closes the connection. */
  destroy(): void;
}

/** The part of a pool of `mysql2/promise` that the store uses. */
export interface Mysql2PromisePool {
  /** Takes a connection from the pool. */
  getConnection(): Promise<Mysql2Connection>;
}

/** The part of a pool of `mysql2` that the store uses. */
export interface Mysql2CallbackPool {
  /** The same pool, with promises. */
  promise(): unknown;
}

/** A pool of `mysql2` or `mysql2/promise`. */
export type Mysql2Like = Mysql2PromisePool | Mysql2CallbackPool;

/**
 * Returns a database that uses a pool of `mysql2` or `mysql2/promise`, with or without the flag FOUND_ROWS.
 *
 * @throws TypeError if the value is not a pool of mysql2
 */
export function mysql2(pool: Mysql2Like): SqlDatabase {
  assertShape("mysql2", "a pool of mysql2", pool, ["getConnection"]);
  const promised = ("promise" in pool ? pool.promise() : pool) as Mysql2PromisePool;
  const connections: Pool<Mysql2Connection> = {
    take: () => promised.getConnection(),
    giveBack(connection, error) {
      if ((error as { fatal?: boolean } | undefined)?.fatal) connection.destroy();
      else connection.release();
    },
    discard: (connection) => connection.destroy(),
  };
  // With execute(), the server binds the values. query() would write them into the text of the statement.
  const query = async (sql: string, values: readonly SqlValue[], timeout: number) => {
    const [result] = await onConnection(connections, timeout, (connection) => connection.execute(sql, [...values]));
    return result;
  };
  return {
    dialect: "mysql",
    all: async (...statement) => (await query(...statement)) as SqlRow[],
    run: async (...statement) =>
      changedRows("mysql2", ((await query(...statement)) as { affectedRows?: number }).affectedRows),
  };
}
