import type { SqlDatabase, SqlDialect, SqlRow, SqlValue } from "../database.js";
import { isTransient } from "../transient.js";
import { assertShape, changedRows } from "./shape.js";

/** The part of Sequelize that the store uses. */
export interface SequelizeLike {
  /** Runs a statement. */
  // biome-ignore lint/suspicious/noExplicitAny: each type of query has its own overload
  query(sql: string, options: any): Promise<any>;
  /** The name of the database. */
  getDialect(): string;
}

const DIALECTS: Record<string, SqlDialect> = {
  sqlite: "sqlite",
  postgres: "postgres",
  mysql: "mysql",
  mariadb: "mysql",
};

/**
 * Returns a database that uses Sequelize with `sqlite3`, `pg`, `mysql2` or `mariadb`.
 *
 * @throws TypeError if the value is not an instance of Sequelize, or if its database is not supported
 */
export function sequelize(sequelize: SequelizeLike): SqlDatabase {
  assertShape("sequelize", "an instance of Sequelize", sequelize, ["query", "getDialect"]);
  const dialect = DIALECTS[sequelize.getDialect()];
  if (!dialect)
    throw new TypeError(
      `sequelize() supports ${Object.keys(DIALECTS).join(", ")}, not the dialect ${sequelize.getDialect()}`,
    );
  // Sequelize uses the placeholders `$1`, `$2`... for all databases.
  const query = (sql: string, values: readonly SqlValue[], type: string) => {
    let number = 0;
    const text = sql.replace(/\?/g, () => `$${++number}`);
    return sequelize.query(text, { bind: [...values], type, useMaster: true });
  };
  return {
    dialect,
    all: async (sql, values) => (await query(sql, values, "SELECT")) as SqlRow[],
    // Only this query type returns the number of changed rows on every database.
    run: async (sql, values) => changedRows("sequelize", await query(sql, values, "BULKUPDATE")),
    isTransient: (error) => isTransient((error as { parent?: unknown }).parent),
  };
}
