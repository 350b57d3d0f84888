import { shown } from "../../src/text.js";
import { given } from "../given.js";

/** The SQL that a database understands. MariaDB counts as `"mysql"`. */
export type SqlDialect = "sqlite" | "postgres" | "mysql";

/** A value that is bound to a statement, never written into it. */
export type SqlValue = string | number | null;

/** A row, by the names of its columns. */
export type SqlRow = Record<string, unknown>;

/**
 * What a SqlStore needs from a driver or a query builder. Functions such as `pg(pool)` make one.
 *
 * Each call is an independent statement: the store needs no transaction and no connection state. The values stand for
 * the placeholders of the dialect: `$1`, `$2`... on PostgreSQL, `?` on the others.
 */
export interface SqlDatabase {
  readonly dialect: SqlDialect;
  /**
   * Runs a statement and resolves with its rows. It MUST read from the primary, not from a replica.
   * After `timeout`, in milliseconds, it should reject and close the connection that did not answer.
   */
  all(sql: string, values: readonly SqlValue[], timeout: number): Promise<readonly SqlRow[]>;
  /**
   * Runs a statement and resolves with the number of rows that it changed. On MySQL, the number of rows that it found
   * is enough. The timeout works as in `all`.
   */
  run(sql: string, values: readonly SqlValue[], timeout: number): Promise<number>;
  /**
   * Says whether an error comes from concurrent work, so that the same statement can succeed a moment later. By
   * default, the codes of the usual drivers for deadlocks, serialization failures, lock timeouts and busy SQLite files.
   */
  isTransient?(error: unknown): boolean;
}

const DIALECTS: readonly string[] = ["sqlite", "postgres", "mysql"] satisfies SqlDialect[];

/** @throws TypeError unless the value is a dialect */
export function assertDialect(value: unknown): asserts value is SqlDialect {
  if (!DIALECTS.includes(value as string))
    throw new TypeError(`dialect must be one of ${DIALECTS.join(", ")}, not ${shown(value)}`);
}

/** @throws TypeError unless the value has the shape of a SqlDatabase */
export function assertDatabase(value: unknown): asserts value is SqlDatabase {
  const { dialect, all, run } = (value ?? {}) as Partial<SqlDatabase>;
  if (typeof all !== "function" || typeof run !== "function" || dialect === undefined) {
    throw new TypeError(
      `database must have dialect, all() and run(), like the result of pg(pool) or another driver function; ` +
        `it is ${given(value)}`,
    );
  }
  assertDialect(dialect);
}
