import { assertDialect, type SqlDatabase, type SqlDialect, type SqlRow, type SqlValue } from "../database.js";
import { isTransient } from "../transient.js";
import { assertShape, changedRows } from "./shape.js";

/** The part of a database of Drizzle that the store uses: `execute` on PostgreSQL and MySQL, `all` and `run` on SQLite. */
export type DrizzleLike =
  // biome-ignore lint/suspicious/noExplicitAny: the types of Drizzle's SQL and results differ from driver to driver
  { execute(query: any): PromiseLike<any> } | { all(query: any): any; run(query: any): any };

type Run = (query: object) => unknown;

/**
 * A database through Drizzle, on any of its drivers for SQLite, PostgreSQL or MySQL.
 *
 * @throws TypeError if the value is no database of Drizzle for this dialect, or the dialect is unknown
 */
export function drizzle(db: DrizzleLike, dialect: SqlDialect): SqlDatabase {
  assertDialect(dialect);
  const methods = dialect === "sqlite" ? ["all", "run"] : ["execute"];
  assertShape("drizzle", `a database of Drizzle for ${dialect}`, db, methods);
  const { all, run, execute } = db as Record<string, Run>;
  const [read, write] = dialect === "sqlite" ? [all!, run!] : [execute!, execute!];
  return {
    dialect,
    all: async (sql, values) => rowsOf(await read.call(db, wrapped(sql, values))),
    run: async (sql, values) => changedRows("drizzle", changesOf(await write.call(db, wrapped(sql, values)))),
    isTransient: (error) => isTransient((error as Error).cause) || isTransient(error),
  };
}

/** What the store uses of Drizzle's `SQL`: it turns itself into a text and its values. */
function wrapped(sql: string, values: readonly SqlValue[]): object {
  const query = { getSQL: () => query, toQuery: () => ({ sql, params: [...values] }) };
  return query;
}

/** The rows: those of node-postgres and PGlite are in a property, those of mysql2 come first of two, others are the result. */
function rowsOf(result: unknown): SqlRow[] {
  const { rows } = result as { rows?: SqlRow[] };
  if (rows) return rows;
  const [first] = result as unknown[];
  return (Array.isArray(first) ? first : result) as SqlRow[];
}

/** The number of changed rows, under the name that the driver has for it. */
function changesOf(result: unknown): unknown {
  const [header = result] = Array.isArray(result) && !("count" in result) ? result : [result];
  const { rowCount, count, affectedRows, changes, rowsAffected, meta } = header as Record<string, unknown>;
  const inMeta = (meta as { changes?: unknown } | undefined)?.changes;
  return rowCount ?? count ?? affectedRows ?? changes ?? rowsAffected ?? inMeta ?? (rowCount === null ? 0 : undefined);
}
