import { shown } from "../../../src/text.js";
import type { SqlDatabase, SqlDialect, SqlRow, SqlValue } from "../database.js";
import { isTransient } from "../transient.js";
import { assertShape, changedRows } from "./shape.js";

/** The part of a `DataSource` of TypeORM that the store uses. */
export interface TypeOrmLike {
  readonly isInitialized: boolean;
  readonly options: { readonly type: string };
  /** Creates a query runner, which takes a connection at its first query. */
  createQueryRunner(mode?: "master"): {
    /** Runs a statement. */
    query(
      sql: string,
      values: SqlValue[],
      useStructuredResult: true,
    ): Promise<{ records: unknown[]; affected?: number | undefined }>;
    /** Returns the connection to the pool. */
    release(): Promise<void>;
  };
}

const DIALECTS: Record<string, SqlDialect> = {
  sqlite: "sqlite",
  "better-sqlite3": "sqlite",
  postgres: "postgres",
  mysql: "mysql",
  mariadb: "mysql",
};

/**
 * Returns a database that uses a `DataSource` of TypeORM 1.x or 0.3. With replication, the store uses the master.
 *
 * @throws TypeError if the value is not an initialized data source, or if its database is not supported
 */
export function typeorm(dataSource: TypeOrmLike): SqlDatabase {
  assertShape("typeorm", "an initialized DataSource of TypeORM", dataSource, ["createQueryRunner"]);
  if (!dataSource.isInitialized)
    throw new TypeError("typeorm() expects an initialized DataSource: await its initialize() first");
  const { type } = dataSource.options;
  const dialect = DIALECTS[type];
  if (!dialect)
    throw new TypeError(`typeorm() supports ${Object.keys(DIALECTS).join(", ")}, not the type ${shown(type)}`);
  const query = async (sql: string, values: readonly SqlValue[]) => {
    const runner = dataSource.createQueryRunner("master");
    try {
      return await runner.query(sql, [...values], true);
    } finally {
      await runner.release();
    }
  };
  return {
    dialect,
    all: async (sql, values) => (await query(sql, values)).records as SqlRow[],
    run: async (sql, values) => changedRows("typeorm", (await query(sql, values)).affected ?? 0),
    isTransient: (error) => isTransient((error as { driverError?: unknown }).driverError),
  };
}
