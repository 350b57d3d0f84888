import type { SqlDatabase, SqlRow, SqlValue } from "../database.js";
import { assertShape, changedRows } from "./shape.js";

/** The part of a client of `@libsql/client` that the store uses. */
export interface LibsqlLike {
  /** Runs a statement. */
  execute(statement: { sql: string; args: SqlValue[] }): Promise<{ rows: unknown[]; rowsAffected: number }>;
  /** Used to recognize this client. The store does not call this method. */
  batch(...statements: never[]): unknown;
}

/**
 * Returns a database that uses a client of `@libsql/client`, on a file or a server.
 *
 * @throws TypeError if the value is not a client of `@libsql/client`
 */
export function libsql(client: LibsqlLike): SqlDatabase {
  assertShape("libsql", "a client of @libsql/client", client, ["execute", "batch"]);
  return {
    dialect: "sqlite",
    all: async (sql, values) => (await client.execute({ sql, args: [...values] })).rows as SqlRow[],
    run: async (sql, values) => changedRows("libsql", (await client.execute({ sql, args: [...values] })).rowsAffected),
  };
}
