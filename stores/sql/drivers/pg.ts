import type { SqlDatabase, SqlRow, SqlValue } from "../database.js";
import { onConnection, type Pool } from "./on-connection.js";
import { assertShape, changedRows } from "./shape.js";

/** The part of a connection of pg that the store uses. */
export interface PgConnection {
  /** Runs a statement. */
  query(sql: string, values: SqlValue[]): Promise<{ rows: SqlRow[]; rowCount: number | null }>;
  /** Returns the connection to the pool. If there is an error, the pool closes the connection. */
  release(error?: Error | boolean): void;
  /** Adds a listener. */
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Removes a listener. */
  off(event: "error", listener: (error: Error) => void): unknown;
}

/** The part of a `Pool` of pg that the store uses. */
export interface PgLike {
  /** Takes a connection from the pool. */
  connect(): Promise<PgConnection>;
  /** A `Pool` has this property, but a `Client` does not. */
  readonly totalCount: number;
}

/**
 * Returns a database that uses a `Pool` of pg, or a compatible pool, for example from `@neondatabase/serverless`.
 *
 * @throws TypeError if the value is not a pool
 */
export function pg(pool: PgLike): SqlDatabase {
  assertShape("pg", "a Pool of pg", pool, ["connect"]);
  if (typeof pool.totalCount !== "number") throw new TypeError("pg() expects a Pool of pg, not a Client");
  const connections: Pool<PgConnection> = {
    async take() {
      const connection = await pool.connect();
      // Without a listener, the error of a broken connection would end the process. The listener can ignore the error,
      // because the query rejects too.
      connection.on("error", ignore);
      return connection;
    },
    giveBack(connection, error) {
      const { severity } = (error ?? {}) as { severity?: string };
      if (error !== undefined && severity !== "ERROR") return connection.release(error as Error);
      connection.off("error", ignore);
      connection.release();
    },
    discard: (connection, error) => connection.release(error),
  };
  const query = (sql: string, values: readonly SqlValue[], timeout: number) =>
    onConnection(connections, timeout, (connection) => connection.query(sql, [...values]));
  return {
    dialect: "postgres",
    all: async (...statement) => (await query(...statement)).rows,
    run: async (...statement) => changedRows("pg", (await query(...statement)).rowCount ?? 0),
  };
}

function ignore(): void {}
