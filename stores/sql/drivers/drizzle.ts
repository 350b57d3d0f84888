import { assertDialect, type SqlDatabase, type SqlDialect, type SqlRow, type SqlValue } from "../database.js";
import { isTransient } from "../transient.js";
import { assertShape, changedRows } from "./shape.js";

/** The part of a Drizzle database on PostgreSQL or MySQL that the store uses. */
export interface DrizzleServerLike {
  /** Runs a query. */
  // biome-ignore lint/suspicious/noExplicitAny: Drizzle's SQL and results differ from driver to driver
  execute(query: any): PromiseLike<any>;
}

/** The part of a Drizzle database on SQLite that the store uses. */
export interface DrizzleSqliteLike {
  /** Runs a query and returns its rows. */
  // biome-ignore lint/suspicious/noExplicitAny: Drizzle's SQL and results differ from driver to driver
  all(query: any): any;
  /** Runs a query and returns the result of the driver. */
  // biome-ignore lint/suspicious/noExplicitAny: Drizzle's SQL and results differ from driver to driver
  run(query: any): any;
}

/** The part of a Drizzle database that the store uses. */
export type DrizzleLike = DrizzleServerLike | DrizzleSqliteLike;

/**
 * Returns a database that uses Drizzle, with any of its drivers for SQLite, PostgreSQL or MySQL.
 *
 * @throws TypeError if the value is not a Drizzle database for this dialect, or the dialect is unknown
 */
export function drizzle(db: DrizzleLike, dialect: SqlDialect): SqlDatabase {
  assertDialect(dialect);
  const methods = dialect === "sqlite" ? ["all", "run"] : ["execute"];
  assertShape("drizzle", `a Drizzle database for ${dialect}`, db, methods);
  const read = (query: object): unknown => ("all" in db ? db.all(query) : db.execute(query));
  const write = (query: object): unknown => ("run" in db ? db.run(query) : db.execute(query));
  return {
    dialect,
    all: async (sql, values) => rowsOf(await read(wrapped(sql, values))),
    run: async (sql, values) => changedRows("drizzle", changesOf(await write(wrapped(sql, values)))),
    isTransient: (error) => isTransient((error as Error).cause) || isTransient(error),
  };
}

/** Returns an object that Drizzle accepts as its class `SQL`, with the text and the values of a statement. */
function wrapped(sql: string, values: readonly SqlValue[]): object {
  const query = { getSQL: () => query, toQuery: () => ({ sql, params: [...values] }) };
  return query;
}

/**
 * Returns the rows of a result. node-postgres and PGlite return them in the property `rows`. mysql2 returns them as the
 * first of two elements. Other drivers return the rows directly.
 */
function rowsOf(result: unknown): SqlRow[] {
  const { rows } = result as { rows?: SqlRow[] };
  if (rows) return rows;
  const [first] = result as unknown[];
  return (Array.isArray(first) ? first : result) as SqlRow[];
}

/** Returns the number of changed rows, which each driver names differently. */
function changesOf(result: unknown): unknown {
  const [header = result] = Array.isArray(result) && !("count" in result) ? result : [result];
  const { rowCount, count, affectedRows, changes, rowsAffected, meta } = header as Record<string, unknown>;
  const inMeta = (meta as { changes?: unknown } | undefined)?.changes;
  return rowCount ?? count ?? affectedRows ?? changes ?? rowsAffected ?? inMeta ?? (rowCount === null ? 0 : undefined);
}
