import type { SqlDatabase, SqlDialect, SqlRow, SqlValue } from "../database.js";
import { assertShape, changedRows } from "./shape.js";

/** A Knex query that does not run yet. */
export interface KnexQueryLike {
  /** Runs the query with a timeout. */
  // biome-ignore lint/suspicious/noExplicitAny: the result differs from client to client
  timeout(milliseconds: number): PromiseLike<any>;
}

/** The part of Knex that the store uses. */
export interface KnexLike {
  /** Makes a query from a statement. */
  // biome-ignore lint/suspicious/noExplicitAny: in Knex's types, the values include its whole query builder
  raw(sql: string, values: any): KnexQueryLike;
  /** The client of Knex. Its property `dialect` names the database. */
  // biome-ignore lint/suspicious/noExplicitAny: Knex itself uses any
  readonly client: any;
}

const DIALECTS: Record<string, SqlDialect> = { sqlite3: "sqlite", postgresql: "postgres", mysql: "mysql" };

/**
 * Returns a database that uses Knex with `better-sqlite3`, `sqlite3`, `pg` or `mysql2`. After the timeout, Knex removes
 * the connection from its pool.
 *
 * @throws TypeError if the value is not an instance of Knex, or if its database is not supported
 */
export function knex(knex: KnexLike): SqlDatabase {
  assertShape("knex", "an instance of Knex", knex, ["raw"]);
  const { dialect: name } = (knex.client ?? {}) as { dialect?: string };
  const dialect = DIALECTS[String(name)];
  if (!dialect) throw new TypeError(`knex() supports ${Object.keys(DIALECTS).join(", ")}, not the dialect ${name}`);
  // Knex uses the placeholder `?` for all databases.
  const query = (sql: string, values: readonly SqlValue[], timeout: number) =>
    knex.raw(sql.replace(/\$\d+/g, "?"), [...values]).timeout(timeout);
  const rows: Record<SqlDialect, (result: never) => SqlRow[]> = {
    sqlite: (result: SqlRow[]) => result,
    postgres: (result: { rows: SqlRow[] }) => result.rows,
    mysql: ([result]: [SqlRow[]]) => result,
  };
  const changed: Record<Exclude<SqlDialect, "sqlite">, (result: never) => unknown> = {
    postgres: ({ rowCount }: { rowCount: number | null }) => rowCount ?? 0,
    mysql: ([{ affectedRows }]: [{ affectedRows: number }]) => affectedRows,
  };
  const all: SqlDatabase["all"] = async (...statement) => rows[dialect]((await query(...statement)) as never);
  return {
    dialect,
    all,
    async run(sql, ...rest) {
      if (dialect !== "sqlite") return changedRows("knex", changed[dialect]((await query(sql, ...rest)) as never));
      // Knex does not return the number of changes for a raw statement on sqlite3.
      if (/^CREATE/.test(sql)) return query(sql, ...rest).then(() => 0);
      return (await all(`${sql} RETURNING 1`, ...rest)).length;
    },
  };
}
