import { shown } from "../../src/text.js";
import { given } from "../given.js";

/** The SQL dialect of a database. MariaDB uses `"mysql"`. */
export type SqlDialect = "sqlite" | "postgres" | "mysql";

/** A value that is bound to a placeholder of a statement, never written into its text. */
export type SqlValue = string | number | null;

/** A row: its values by column name. */
export type SqlRow = Record<string, unknown>;

/**
 * The functions of a driver or query builder that a SqlStore needs. Functions such as `pg(pool)` return a SqlDatabase.
 *
 * Each call is an independent statement: the store needs no transaction and no connection state. The values replace the
 * placeholders of the dialect: `$1`, `$2`... on PostgreSQL, `?` on the others.
 */
export interface SqlDatabase {
  readonly dialect: SqlDialect;
  /**
   * Runs a statement and resolves with its rows. It MUST read from the primary, not from a replica. After `timeout`
   * milliseconds, it should reject and close the connection that did not respond.
   */
  all(sql: string, values: readonly SqlValue[], timeout: number): Promise<readonly SqlRow[]>;
  /**
   * Runs a statement and resolves with the number of rows that it changed. On MySQL, it may resolve with the number of
   * rows that matched instead. The timeout works as in `all`.
   */
  run(sql: string, values: readonly SqlValue[], timeout: number): Promise<number>;
  /**
   * Does the error come from concurrent work, so that the same statement may succeed a moment later? By default, this
   * is true for the usual drivers' error codes for deadlocks, serialization failures, lock timeouts and busy SQLite
   * files.
   */
  isTransient?(error: unknown): boolean;
}

const DIALECTS: readonly string[] = ["sqlite", "postgres", "mysql"] satisfies SqlDialect[];

/** @throws TypeError if the value is not a dialect */
export function assertDialect(value: unknown): asserts value is SqlDialect {
  if (!DIALECTS.includes(value as string))
    throw new TypeError(`dialect must be one of ${DIALECTS.join(", ")}, not ${shown(value)}`);
}

/** @throws TypeError if the value does not have the shape of a SqlDatabase */
export function assertDatabase(value: unknown): asserts value is SqlDatabase {
  const { dialect, all, run } = (value ?? {}) as Partial<SqlDatabase>;
  if (typeof all !== "function" || typeof run !== "function" || dialect === undefined) {
    throw new TypeError(
      `database must have dialect, all() and run(), like the result of pg(pool) or another driver function, ` +
        `but it is ${given(value)}`,
    );
  }
  assertDialect(dialect);
}
