import { assertDialect, type SqlDatabase, type SqlDialect, type SqlRow, type SqlValue } from "../database.js";
import { isTransient } from "../transient.js";
import { assertShape, changedRows } from "./shape.js";

/** The part of a database of Drizzle on PostgreSQL or MySQL that the store uses. */
export interface DrizzleServerLike {
  /** Runs a query. */
  // biome-ignore lint/suspicious/noExplicitAny: Drizzle's SQL and results differ from driver to driver
  execute(query: any): PromiseLike<any>;
}

/** The part of a database of Drizzle on SQLite that the store uses. */
export interface DrizzleSqliteLike {
  /** Runs a query, and returns its rows. */
  // biome-ignore lint/suspicious/noExplicitAny: Drizzle's SQL and results differ from driver to driver
  all(query: any): any;
  /** Runs a query, and returns what the driver says of it. */
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  run(query: any): any;
}

/** The part of a database of Drizzle that the store uses. */
export type DrizzleLike = DrizzleServerLike | DrizzleSqliteLike;

/**
 * A database through Drizzle, on any of its drivers for SQLite, PostgreSQL or MySQL.
 *
 * @throws TypeError if the value is not a Drizzle database for this dialect, or the dialect is unknown
 */
export function drizzle(db: DrizzleLike, dialect: SqlDialect): SqlDatabase {
  assertDialect(dialect);
  const methods = dialect === "sqlite" ? ["all", "run"] : ["execute"];
  assertShape("drizzle", `a database of Drizzle for ${dialect}`, db, methods);
  const read = (query: object): unknown => ("all" in db ? db.all(query) : db.execute(query));
  const write = (query: object): unknown => ("run" in db ? db.run(query) : db.execute(query));
  return {
    dialect,
    all: async (sql, values) => rowsOf(await read(wrapped(sql, values))),
    run: async (sql, values) => changedRows("drizzle", changesOf(await write(wrapped(sql, values)))),
    isTransient: (error) => isTransient((error as Error).cause) || isTransient(error),
  };
}

/** The part of Drizzle's `SQL` that the store uses: it returns its own text and values. */
function wrapped(sql: string, values: readonly SqlValue[]): object {
  const query = { getSQL: () => query, toQuery: () => ({ sql, params: [...values] }) };
  return query;
}

/**
 * The rows of a result. node-postgres and PGlite have them in a property, mysql2 has them first of two elements; for
 * other drivers, the result is the rows.
 */
function rowsOf(result: unknown): SqlRow[] {
  const { rows } = result as { rows?: SqlRow[] };
  if (rows) return rows;
  const [first] = result as unknown[];
  return (Array.isArray(first) ? first : result) as SqlRow[];
}

/** The number of changed rows, which each driver names differently. */
function changesOf(result: unknown): unknown {
  const [header = result] = Array.isArray(result) && !("count" in result) ? result : [result];
  const { rowCount, count, affectedRows, changes, rowsAffected, meta } = header as Record<string, unknown>;
  const inMeta = (meta as { changes?: unknown } | undefined)?.changes;
  return rowCount ?? count ?? affectedRows ?? changes ?? rowsAffected ?? inMeta ?? (rowCount === null ? 0 : undefined);
}
