import { assertDialect, type SqlDatabase, type SqlDialect, type SqlRow, type SqlValue } from "../database.js";
import { assertShape, changedRows } from "./shape.js";

/** The part of Kysely that the store uses. */
export interface KyselyLike {
  /** Runs a compiled query. */
  // biome-ignore lint/suspicious/noExplicitAny: the type of a compiled query contains the whole syntax tree
  executeQuery(query: any): Promise<{ rows: unknown[]; numAffectedRows?: bigint | undefined }>;
}

/**
 * Returns a database that uses Kysely, with any of its dialects for SQLite, PostgreSQL or MySQL.
 *
 * @throws TypeError if the value is not an instance of Kysely, or the dialect is unknown
 */
export function kysely(db: KyselyLike, dialect: SqlDialect): SqlDatabase {
  assertShape("kysely", "an instance of Kysely", db, ["executeQuery"]);
  assertDialect(dialect);
  // This object is the same as the result of Kysely's CompiledQuery.raw(sql, parameters).
  const query = (sql: string, values: readonly SqlValue[]) =>
    db.executeQuery({
      sql,
      parameters: [...values],
      query: { kind: "RawNode", sqlFragments: [sql], parameters: [] },
      queryId: { queryId: "latchkey" },
    });
  return {
    dialect,
    all: async (sql, values) => (await query(sql, values)).rows as SqlRow[],
    run: async (sql, values) => changedRows("kysely", (await query(sql, values)).numAffectedRows ?? 0),
  };
}
